package io.dunlin.collectives.algorithm;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.Topology;
import io.dunlin.collectives.Topology.Place;
import io.dunlin.collectives.Topology.Scale;
import io.dunlin.collectives.Work;
import io.dunlin.collectives.engine.LoopbackWorld;
import io.dunlin.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An operation that is hierarchical on every level crosses each level with no more bytes than it must. */
class PackageTrafficTest {
    private static final long BYTES = 8 << 20;

    /** Frames have headers. */
    private static final double HEADERS = 1.01;

    /** Vectors that cross, in all: each of two domains sends half a vector to reduce, and half to gather. */
    @ParameterizedTest
    @CsvSource({"a0 a0 a1 a1, 2, 0", "a0 a0 a1 a1 b0 b0 b1 b1, 4, 2", "a0 b1 a1 b0 a0 b1 a1 b0, 4, 2"})
    void shouldCrossPackagesAndHostsWithTheFewestBytes(String labels, int betweenPackages, int betweenHosts) {
        Topology topology = new Topology(Arrays.stream(labels.split(" "))
                .map(label -> new Place(label.substring(0, 1), label.substring(1)))
                .toList());
        int inside = topology.membersOfHost(0).size();
        AlgorithmTable table = AlgorithmTable.forced(inside, Way.HIERARCHICAL)
                .updatedBy(AlgorithmTable.forced(topology.size(), Way.HIERARCHICAL));
        Tuning tuning = Tuning.standard(topology.size()).withTopology(topology).withTable(table);
        try (LoopbackWorld world = LoopbackWorld.tuned(tuning)) {
            List<Communicator> members = List.copyOf(world.communicators());
            long packages = sent(members, Scale.HOST);
            long hosts = sent(members, Scale.CLUSTER);
            List<Work> works = new ArrayList<>();
            for (Communicator member : members) {
                MemorySegment data = Arena.ofAuto().allocate(BYTES, 64);
                works.add(member.allReduce(data, DType.F32, ReduceOp.SUM));
            }
            works.forEach(Work::await);

            assertThat(sent(members, Scale.HOST) - packages)
                    .isBetween(betweenPackages * BYTES, (long) (HEADERS * betweenPackages * BYTES));
            assertThat(sent(members, Scale.CLUSTER) - hosts)
                    .isBetween(betweenHosts * BYTES, (long) (HEADERS * betweenHosts * BYTES + 100_000));
        }
    }

    private static long sent(List<Communicator> members, Scale scale) {
        return members.stream().mapToLong(member -> member.sentBytes(scale)).sum();
    }
}
