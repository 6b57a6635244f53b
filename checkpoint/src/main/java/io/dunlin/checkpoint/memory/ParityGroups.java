package io.dunlin.checkpoint.memory;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Hosts in groups that keep each other's parity, with as few of a group in one failure domain as can be.
 *
 * <p>Hosts, ordered by failure domain, are dealt to the groups like cards. So group sizes differ by at most one, and of d hosts
 * in one domain a group of G gets at most d / G, rounded up, than which no other deal is better. The result depends on nothing
 * but the arguments, so every host finds the same.
 *
 * @param groups the hosts of each, by number, ascending
 */
public record ParityGroups(List<List<Integer>> groups) {
    /** More per group would save little memory, and half as many again must be possible. */
    public static final int MOST_GROUP_HOSTS = ReedSolomon.MOST_SHARDS / 2;

    /** Copies the lists. */
    public ParityGroups {
        groups = groups.stream().map(List::copyOf).toList();
    }

    /**
     * Groups of about {@code groupHosts}: of 2/3 to 3/2 of it where there are more hosts than that, but with more hosts than parity shards.
     *
     * @param domains the failure domain of each host, a rack for example; its own name if nothing is known
     * @param groupHosts hosts that a group should have
     * @param parityShards hosts of a group that may be lost
     * @throws IllegalArgumentException if there are no more hosts than parity shards
     */
    public static ParityGroups of(List<String> domains, int groupHosts, int parityShards) {
        int hosts = domains.size();
        if (parityShards < 1 || Math.min(groupHosts, hosts) <= parityShards || groupHosts > MOST_GROUP_HOSTS) {
            throw new IllegalArgumentException(
                    "no groups of %d for %d hosts and %d parity shards: groups and hosts must be more than parity shards, groups at most %d"
                            .formatted(groupHosts, hosts, parityShards, MOST_GROUP_HOSTS));
        }
        int count = Math.clamp(Math.round((double) hosts / groupHosts), 1, hosts / (parityShards + 1));
        List<List<Integer>> groups = new ArrayList<>();
        for (int group = 0; group < count; group++) {
            groups.add(new ArrayList<>());
        }
        List<Integer> order = byDomain(domains);
        for (int i = 0; i < hosts; i++) {
            groups.get(i % count).add(order.get(i));
        }
        groups.forEach(Collections::sort);
        return new ParityGroups(groups);
    }

    private static List<Integer> byDomain(List<String> domains) {
        List<Integer> order = new ArrayList<>();
        for (int host = 0; host < domains.size(); host++) {
            order.add(host);
        }
        order.sort(Comparator.comparing(domains::get));
        return order;
    }

    /**
     * The most hosts of a group that are lost with one failure domain: if more than there are parity shards, losing it loses data.
     *
     * @param domains the failure domain of each host
     */
    public int mostLostWithOneDomain(List<String> domains) {
        int most = 0;
        for (List<Integer> group : groups) {
            Map<String, Integer> ofDomain = new HashMap<>();
            for (int host : group) {
                most = Math.max(most, ofDomain.merge(domains.get(host), 1, Integer::sum));
            }
        }
        return most;
    }
}
