package io.dunlin.parallel.plan;

import io.dunlin.collectives.Topology;
import io.dunlin.collectives.Topology.Level;
import io.dunlin.collectives.Topology.Scale;
import io.dunlin.parallel.plan.Traffic.Flow;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Adds up what collectives send, each of them done with the fewest bytes on the outer levels: a byte enters a host once
 * and a package once, and is passed on inside.
 *
 * <p>An all-gather of n bytes: n less what its members hold enters a host from outside, and each package and each rank in
 * the same way. What enters the packages of a host, less what has entered the host, passes between packages; what enters
 * the ranks of a package, less what has entered the package, passes inside it. A reduce-scatter is the mirror image, with
 * sums in place of copies, and an all-reduce is both. Over all levels that is what any algorithm has to send; a ring that
 * does not heed hosts sends as much in all, and more of it between hosts. Headers and agreement messages are not counted.
 *
 * <p>Messages are those that must wait for each other, in rings at each level: one less than the hosts of a group, than the
 * packages of a host, than the ranks of a package.
 */
final class TrafficCount {
    private static final int SCALES = Scale.values().length;

    private final int hosts;
    private final int[] hostOf; // [rank]
    private final int[] packageOf; // [rank], over all hosts; empty if not known
    private final int[] ranksOfHost; // [host]
    private final Map<Purpose, Tally> tallies = new EnumMap<>(Purpose.class);

    /** Bytes of one purpose. */
    private static final class Tally {
        private final long[][] bytes; // [scale][host]
        private final long[] messages = new long[SCALES];

        Tally(int hosts) {
            bytes = new long[SCALES][hosts];
        }
    }

    /**
     * What a group moves in one collective.
     *
     * @param ranks of the members
     * @param bytes of each member's part
     * @param repeats of the same
     */
    record Parts(List<Integer> ranks, long[] bytes, long repeats) {}

    TrafficCount(Topology topology) {
        List<Level> levels = topology.levels();
        hosts = topology.hosts();
        hostOf = numbers(levels.get(levels.size() - 2), topology.size());
        packageOf =
                levels.getFirst().scale() == Scale.PACKAGE ? numbers(levels.getFirst(), topology.size()) : new int[0];
        ranksOfHost = IntStream.range(0, hosts)
                .map(host -> topology.membersOfHost(host).size())
                .toArray();
    }

    private static int[] numbers(Level level, int ranks) {
        int[] numbers = new int[ranks];
        for (int domain = 0; domain < level.domains().size(); domain++) {
            for (int rank : level.domains().get(domain)) {
                numbers[rank] = domain;
            }
        }
        return numbers;
    }

    /** Adds an all-gather, or a reduce-scatter, in each of several groups at once. */
    void add(Purpose purpose, List<Parts> groups) {
        Tally tally = tallies.computeIfAbsent(purpose, p -> new Tally(hosts));
        long[] messages = new long[SCALES];
        for (Parts group : groups) {
            add(tally, group, messages);
        }
        for (int scale = 0; scale < SCALES; scale++) {
            tally.messages[scale] += messages[scale];
        }
    }

    private void add(Tally tally, Parts group, long[] messages) {
        long all = Arrays.stream(group.bytes).sum();
        if (all == 0 || group.repeats == 0 || group.ranks.size() < 2) {
            return;
        }
        boolean packages = packageOf.length > 0;
        Entered byHost = new Entered(group, hostOf, all);
        Entered byRank = new Entered(group, IntStream.range(0, hostOf.length).toArray(), all);
        Entered byPackage = packages ? new Entered(group, packageOf, all) : byRank;
        for (int host : byHost.domains()) {
            long between = byHost.bytes(host);
            long insidePackages = byPackage.bytesOf(host);
            long insideRanks = byRank.bytesOf(host);
            tally.bytes[Scale.CLUSTER.ordinal()][host] += group.repeats * between;
            tally.bytes[Scale.HOST.ordinal()][host] += group.repeats * (insidePackages - between);
            tally.bytes[Scale.PACKAGE.ordinal()][host] += group.repeats * (insideRanks - insidePackages);
            raise(messages, Scale.HOST, group.repeats * (byPackage.count(host) - 1));
        }
        raise(messages, Scale.CLUSTER, group.repeats * (byHost.domains().length - 1));
        if (packages) {
            raise(messages, Scale.PACKAGE, group.repeats * (byPackage.largest() - 1));
        }
    }

    private static void raise(long[] messages, Scale scale, long count) {
        messages[scale.ordinal()] = Math.max(messages[scale.ordinal()], count);
    }

    /** What a group's collective moves into each domain of one level. */
    private final class Entered {
        private final int[] domains; // that have members of the group
        private final int[] hosts; // of each
        private final long[] bytes; // into each
        private final int[] members; // of each

        Entered(Parts group, int[] domainOf, long all) {
            domains = group.ranks.stream()
                    .mapToInt(rank -> domainOf[rank])
                    .distinct()
                    .sorted()
                    .toArray();
            hosts = new int[domains.length];
            bytes = new long[domains.length];
            members = new int[domains.length];
            Arrays.fill(bytes, all);
            for (int member = 0; member < group.bytes.length; member++) {
                int rank = group.ranks.get(member);
                int index = Arrays.binarySearch(domains, domainOf[rank]);
                hosts[index] = hostOf[rank];
                bytes[index] -= group.bytes[member];
                members[index]++;
            }
        }

        int[] domains() {
            return domains;
        }

        long bytes(int domain) {
            return bytes[Arrays.binarySearch(domains, domain)];
        }

        long bytesOf(int host) {
            return IntStream.range(0, domains.length)
                    .filter(i -> hosts[i] == host)
                    .mapToLong(i -> bytes[i])
                    .sum();
        }

        long count(int host) {
            return Arrays.stream(hosts).filter(of -> of == host).count();
        }

        int largest() {
            return Arrays.stream(members).max().orElse(1);
        }
    }

    Traffic traffic() {
        List<Flow> flows = new ArrayList<>();
        tallies.forEach((purpose, tally) -> {
            for (Scale scale : Scale.values()) {
                long[] bytes = tally.bytes[scale.ordinal()];
                long total = Arrays.stream(bytes).sum();
                if (total > 0) {
                    flows.add(new Flow(purpose, scale, total, busiest(scale, bytes), tally.messages[scale.ordinal()]));
                }
            }
        });
        return new Traffic(flows);
    }

    private long busiest(Scale scale, long[] bytes) {
        return IntStream.range(0, hosts)
                .mapToLong(host -> scale == Scale.CLUSTER ? bytes[host] : Math.ceilDiv(bytes[host], ranksOfHost[host]))
                .max()
                .orElse(0);
    }
}
