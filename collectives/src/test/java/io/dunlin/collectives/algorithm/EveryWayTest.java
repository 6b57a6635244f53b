package io.dunlin.collectives.algorithm;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.Media;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.ReductionOrder;
import io.dunlin.collectives.Topology;
import io.dunlin.collectives.transport.PeerMemory;
import io.dunlin.collectives.wire.OperationKind;
import io.dunlin.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Every way of doing an operation gives, bit by bit, what the direct one gives. */
class EveryWayTest {
    private static final Set<OperationKind> KINDS = EnumSet.of(
            OperationKind.ALL_REDUCE,
            OperationKind.REDUCE_SCATTER,
            OperationKind.REDUCE,
            OperationKind.ALL_GATHER,
            OperationKind.BROADCAST);
    private static final List<ReduceOp> OPS = List.of(ReduceOp.SUM, ReduceOp.MEAN, ReduceOp.MAX);

    /** A way, and members on hosts. */
    record Setting(Way way, Topology topology) {
        int size() {
            return topology.size();
        }

        /** Inside a host of several packages it is hierarchical as well. */
        Tuning tuning() {
            Tuning tuning = Tuning.standard(size()).withTopology(topology);
            Topology inside = topology.insideHost(0);
            return way == Way.HIERARCHICAL && inside.hierarchical()
                    ? tuning.withTable(AlgorithmTable.forced(inside.size(), way))
                    : tuning;
        }

        @Override
        public String toString() {
            return "%s on hosts %s"
                    .formatted(
                            way.label(),
                            topology.places().stream()
                                    .map(place -> place.host() + place.socket())
                                    .toList());
        }
    }

    static Stream<Setting> settings() {
        List<Setting> settings = new ArrayList<>();
        for (Way way : Way.values()) {
            if (way != Way.DIRECT && way != Way.TREE && way != Way.PAIRWISE && way != Way.HIERARCHICAL) {
                for (int size = 2; size <= 9; size++) {
                    settings.add(new Setting(way, Topology.oneHost(size)));
                }
            }
        }
        for (String hosts : List.of("aabb", "abab", "aab", "abb", "aaabb", "abcabc", "aabbcc", "abbcccc", "aaaabbbb")) {
            settings.add(new Setting(Way.HIERARCHICAL, onHosts(hosts)));
        }
        settings.add(new Setting(Way.HIERARCHICAL, onHosts("aaabbbccc")));
        settings.add(new Setting(Way.HIERARCHICAL, onHosts("cabbacdda")));
        settings.add(new Setting(Way.HIERARCHICAL, onPackages("a0 a0 a1 b0 b0 b1")));
        settings.add(new Setting(Way.HIERARCHICAL, onPackages("a0 b1 a0 b0 a1 b1 a1 b0")));
        settings.add(new Setting(Way.HIERARCHICAL, onPackages("a0 a0 a1 a1 a1")));
        return settings.stream();
    }

    private static Topology onHosts(String letters) {
        return Topology.ofHosts(Arrays.asList(letters.split("")));
    }

    private static Topology onPackages(String labels) {
        return new Topology(Arrays.stream(labels.split(" "))
                .map(label -> new Topology.Place(label.substring(0, 1), label.substring(1)))
                .toList());
    }

    /** Elements of parts: none, one in all, fewer than members, as many, unequal, more than tiles. */
    private static List<List<Long>> counts(int size, DType dtype, ReduceOp op) {
        long large = dtype == DType.F32 && op == ReduceOp.SUM ? 300_001 : 5_003;
        List<List<Long>> counts = new ArrayList<>();
        for (long total : new long[] {0, 1, size - 1, size, size + 1, 1_003, large}) {
            counts.add(shared(total, size, new Random(total)));
        }
        return counts;
    }

    /** Parts that differ, some of them empty. */
    private static List<Long> shared(long total, int size, Random random) {
        List<Long> counts = new ArrayList<>();
        long left = total;
        for (int rank = 0; rank < size - 1; rank++) {
            long most = Math.min(left, 2 * total / size);
            long count = random.nextInt(4) == 0 ? 0 : random.nextLong(most + 1);
            counts.add(count);
            left -= count;
        }
        counts.add(left);
        return counts;
    }

    @ParameterizedTest
    @MethodSource("settings")
    void shouldGiveWhatTheDirectWayGives(Setting setting) {
        int seed = 0;
        for (OperationKind kind : KINDS) {
            for (DType dtype : DType.values()) {
                for (ReduceOp op : Way.combines(kind) ? OPS : List.of(ReduceOp.SUM)) {
                    if (setting.way.does(kind, dtype, op)) {
                        for (List<Long> counts : counts(setting.size(), dtype, op)) {
                            seed++;
                            compare(setting, kind, dtype, op, counts, seed);
                        }
                    }
                }
            }
        }
        assertThat(seed).isPositive();
    }

    private static void compare(
            Setting setting, OperationKind kind, DType dtype, ReduceOp op, List<Long> counts, int seed) {
        Scenario scenario =
                new Scenario(kind, dtype, op, counts, seed % setting.size(), seed % 2 == 0, Scenario.Values.WHOLE);
        List<byte[]> expected = scenario.run(Way.DIRECT, setting.tuning(), seed);
        List<byte[]> actual = scenario.run(setting.way, setting.tuning(), seed + 1);
        for (int rank = 0; rank < setting.size(); rank++) {
            int at = Arrays.mismatch(actual.get(rank), expected.get(rank));
            assertThat(at)
                    .as("first byte that differs on rank %d, %s", rank, scenario)
                    .isEqualTo(-1);
        }
    }

    /** Random values, whose sums depend on the order: it must not depend on when frames move. */
    @ParameterizedTest
    @MethodSource("settings")
    void shouldGiveTheSameBitsWhateverTheDelays(Setting setting) {
        for (OperationKind kind : KINDS) {
            if (setting.way.does(kind) && Way.combines(kind)) {
                Scenario scenario = new Scenario(
                        kind,
                        DType.F32,
                        ReduceOp.SUM,
                        shared(20_011, setting.size(), new Random(1)),
                        0,
                        false,
                        Scenario.Values.RANDOM);
                List<byte[]> first = scenario.run(setting.way, setting.tuning(), 1);
                List<byte[]> second = scenario.run(setting.way, setting.tuning(), 2);
                assertThat(second.toArray(byte[][]::new)).isDeepEqualTo(first.toArray(byte[][]::new));
                if (kind == OperationKind.ALL_REDUCE) {
                    assertThat(first)
                            .as("all members have the same")
                            .allMatch(bits -> Arrays.equals(bits, first.getFirst()));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(DType.class)
    void shouldCombineInTheOrderOfMembersWhereThatIsAskedFor(DType dtype) {
        for (int size : new int[] {2, 3, 5, 8}) {
            for (OperationKind kind : List.of(OperationKind.ALL_REDUCE, OperationKind.REDUCE_SCATTER)) {
                for (long total : new long[] {7, 30_001}) {
                    Scenario scenario = new Scenario(
                            kind,
                            dtype,
                            ReduceOp.SUM,
                            shared(total, size, new Random(size)),
                            0,
                            false,
                            Scenario.Values.RANDOM);
                    Tuning tuning = Tuning.standard(size).withOrder(ReductionOrder.RANK_ORDER);
                    Way way = chosen(scenario, tuning);
                    assertThat(way.inRankOrder()).isTrue();
                    assertThat(scenario.run(way, tuning, 3).toArray(byte[][]::new))
                            .isDeepEqualTo(scenario.run(Way.DIRECT, tuning, 4).toArray(byte[][]::new));
                }
            }
        }
    }

    private static Way chosen(Scenario scenario, Tuning tuning) {
        try (Arena arena = Arena.ofConfined()) {
            long bytes = scenario.counts().stream().mapToLong(Long::longValue).sum()
                    * scenario.dtype().bytes();
            MemorySegment data = arena.allocate(bytes, 64);
            Call call = new Call();
            if (scenario.kind() == OperationKind.ALL_REDUCE) {
                call.allReduce(data, data, scenario.dtype(), scenario.op());
            } else {
                List<Long> lengths = scenario.counts().stream()
                        .map(count -> count * scenario.dtype().bytes())
                        .toList();
                call.reduceScatter(data, data, lengths, scenario.dtype(), scenario.op());
            }
            return new Repertoire(0, tuning, Media.LOOPBACK, PeerMemory.NONE, arena).choose(call);
        }
    }

    /** Ways that promise the least number of bytes keep it, but for a line for each part that is not equal. */
    @ParameterizedTest
    @EnumSource(
            value = Way.class,
            names = {"RING", "BIDIRECTIONAL", "OWNERS"})
    void shouldSendNoMoreThanTheLowerBound(Way way) {
        for (int size = 2; size <= 9; size++) {
            List<Cluster> clusters = new ArrayList<>();
            List<Long> counts = shared(50_021, size, new Random(size));
            allReduce(counts).run(way, Tuning.standard(size), size, clusters);
            for (int rank = 0; rank < size; rank++) {
                assertThat(clusters.getFirst().bytesFrom(rank))
                        .isLessThanOrEqualTo(2 * (size - 1) * (50_021 * 4L / size + 128));
            }
        }
    }

    private static Scenario allReduce(List<Long> counts) {
        return new Scenario(OperationKind.ALL_REDUCE, DType.F32, ReduceOp.SUM, counts, 0, false, Scenario.Values.WHOLE);
    }

    /** Members with fewer pairs than a power of two send twice as much for the others; no more. */
    @ParameterizedTest
    @EnumSource(
            value = Way.class,
            names = {"DOUBLING", "HALVING_DOUBLING"})
    void shouldSendWhatRoundsNeed(Way way) {
        for (int size : new int[] {2, 4, 8}) {
            List<Cluster> clusters = new ArrayList<>();
            long bytes = 51_200 * 4L;
            allReduce(shared(51_200, size, new Random(size))).run(way, Tuning.standard(size), size, clusters);
            long each = way == Way.DOUBLING ? bytes * Integer.numberOfTrailingZeros(size) : 2 * (bytes - bytes / size);
            for (int rank = 0; rank < size; rank++) {
                assertThat(clusters.getFirst().bytesFrom(rank)).isEqualTo(each);
            }
        }
    }

    static Stream<String> layouts() {
        return Stream.of("aabb", "abab", "aaaabbbb", "aabbcc", "aaabb", "abbcccc", "cabbacdda");
    }

    /** The lower bound between hosts: each must send what the others lack, and get what it lacks. */
    @ParameterizedTest
    @MethodSource("layouts")
    void shouldSendNoMoreBetweenHostsThanHostsMust(String hosts) {
        Topology topology = onHosts(hosts);
        int count = topology.hosts();
        List<Long> counts = shared(100_003, topology.size(), new Random(5));
        Tuning tuning = Tuning.standard(topology.size()).withTopology(topology);
        long bytes = 100_003 * 4L;
        assertThat(between(OperationKind.ALL_REDUCE, counts, tuning))
                .isLessThan((long) (2 * (count - 1) * bytes * 1.03));
        assertThat(between(OperationKind.REDUCE_SCATTER, counts, tuning)).isEqualTo((count - 1) * bytes);
        assertThat(between(OperationKind.ALL_GATHER, counts, tuning)).isEqualTo((count - 1) * bytes);
        assertThat(between(OperationKind.BROADCAST, counts, tuning)).isEqualTo((count - 1) * bytes);
    }

    private static long between(OperationKind kind, List<Long> counts, Tuning tuning) {
        List<Cluster> clusters = new ArrayList<>();
        new Scenario(kind, DType.F32, ReduceOp.SUM, counts, 1, false, Scenario.Values.WHOLE)
                .run(Way.HIERARCHICAL, tuning, 1, clusters);
        return clusters.getFirst().bytesBetween(tuning.topology()::hostOf);
    }
}
