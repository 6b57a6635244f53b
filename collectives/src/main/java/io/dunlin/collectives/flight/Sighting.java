package io.dunlin.collectives.flight;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;

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

    /** Its groups; of one that was closed and opened again, what was written last. */
    Collection<GroupFlight> groups() {
        Map<GroupFlight.Key, GroupFlight> latest = new LinkedHashMap<>();
        for (GroupFlight group : flight.groups()) {
            latest.merge(group.key(), group, (a, b) -> a.aliveNs() > b.aliveNs() ? a : b);
        }
        return latest.values();
    }

    /** When any of its communication threads last showed signs of life. */
    long aliveNs() {
        return flight.groups().stream()
                .mapToLong(GroupFlight::aliveNs)
                .max()
                .orElse(flight.clock().anchorNs());
    }
}
