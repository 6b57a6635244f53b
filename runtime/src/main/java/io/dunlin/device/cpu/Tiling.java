package io.dunlin.device.cpu;

/** How loops are cut into tiles; depends on nothing but extents, so that results do not depend on threads. */
final class Tiling {
    /** Elements of an elementwise tile: small enough to share a layer among many threads, large against a hand-over. */
    static final int ELEMENTS = 1 << 15;

    private Tiling() {}

    static int ceilDiv(long amount, long per) {
        return Math.toIntExact((amount + per - 1) / per);
    }

    /** Rows of a tile whose rows have {@code columns} elements. */
    static int rows(long columns) {
        return (int) Math.max(1, ELEMENTS / Math.max(1, columns));
    }
}
