package io.dunlin.collectives.flight;

/**
 * From where on a delay in an iteration matters: 5 % of the iteration, but no less than 5 ms, nor less than chance does.
 *
 * @param periodNs of an iteration, usually
 */
record Threshold(long periodNs) {
    private static final long SHORTEST_NS = 5_000_000;
    private static final int PARTS = 20;

    long ns(long chanceNs) {
        return Math.max(Math.max(periodNs / PARTS, SHORTEST_NS), chanceNs);
    }
}
