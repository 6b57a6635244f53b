package io.dunlin.collectives.flight;

import java.util.List;

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

    /** Its groups, as often as they are open; of one that is over and was opened again, nothing. */
    List<GroupFlight> groups() {
        return flight.groups().stream()
                .filter(group -> group.state() == GroupFlight.State.OPEN || isLast(group))
                .toList();
    }

    private boolean isLast(GroupFlight group) {
        return flight.groups().stream().noneMatch(other -> other.key().reopens(group.key()));
    }

    /** When any of its communication threads last showed signs of life. */
    long aliveNs() {
        return flight.groups().stream()
                .mapToLong(GroupFlight::aliveNs)
                .max()
                .orElse(flight.clock().anchorNs());
    }
}
