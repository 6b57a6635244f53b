package io.dunlin.collectives.flight;

/**
 * One rank, as somebody outside saw it at some moment.
 *
 * @param flight what it had written
 * @param running whether its process was there
 */
public record Sighting(Flight flight, boolean running) {
    /** The global rank. */
    public int rank() {
        return flight.rank();
    }

    /** When any of its communication threads last showed signs of life. */
    long aliveNs() {
        return flight.groups().stream()
                .mapToLong(GroupFlight::aliveNs)
                .max()
                .orElse(flight.clock().anchorNs());
    }
}
