package io.dunlin.collectives.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.Topology;
import io.dunlin.collectives.Topology.Scale;
import io.dunlin.collectives.Work;
import io.dunlin.collectives.algorithm.AlgorithmTable;
import io.dunlin.collectives.algorithm.Call;
import io.dunlin.collectives.algorithm.Tuning;
import io.dunlin.collectives.algorithm.Way;
import io.dunlin.collectives.transport.LinkShape;
import io.dunlin.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.LongStream;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How long ways take on links of known speed, in virtual time: what each is good for, and that it reaches its bound. */
class WaysSimulationTest {
    private static final long BYTES_PER_SECOND = 100_000_000;
    private static final long LATENCY_NS = 20_000;
    private static final LinkShape SLOW =
            LinkShape.PERFECT.withBandwidth(BYTES_PER_SECOND).withLatency(LATENCY_NS, 0);
    private static final long BYTES = 8 << 20;

    private interface Calling {
        void fill(Call call, int rank, MemorySegment input, MemorySegment output);
    }

    /** Virtual seconds of an operation on {@code bytes}. */
    private static double seconds(SteppedWorld world, int ranks, long bytes, Calling calling) {
        List<Work> works = new ArrayList<>();
        for (int rank = 0; rank < ranks; rank++) {
            MemorySegment input = Arena.ofAuto().allocate(bytes, 64);
            MemorySegment output = Arena.ofAuto().allocate(bytes, 64);
            int member = rank;
            works.add(world.call(rank, call -> calling.fill(call, member, input, output)));
        }
        return world.run(works) / 1e9;
    }

    private static double seconds(Way way, int ranks, long bytes, Calling calling) {
        Tuning tuning = Tuning.standard(ranks).withTable(AlgorithmTable.forced(ranks, way));
        try (SteppedWorld world = new SteppedWorld(tuning, settings -> settings.withShape(SLOW, 1))) {
            seconds(world, ranks, 0, (call, rank, input, output) -> call.barrier()); // all have met
            return seconds(world, ranks, bytes, calling);
        }
    }

    private static void allReduce(Call call, int rank, MemorySegment input, MemorySegment output) {
        call.allReduce(input, output, DType.F32, ReduceOp.SUM);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 8})
    void shouldKeepLinksBusyInAReduceScatterAroundTheRing(int ranks) {
        List<Long> lengths = Collections.nCopies(ranks, BYTES / ranks / 64 * 64);
        long total = lengths.getFirst() * ranks;
        double seconds = seconds(
                Way.RING,
                ranks,
                total,
                (call, rank, input, output) -> call.reduceScatter(
                        input, output.asSlice(0, lengths.getFirst()), lengths, DType.F32, ReduceOp.SUM));
        double bound = (ranks - 1.0) / ranks * total / BYTES_PER_SECOND;
        assertThat(seconds).isCloseTo(bound, Percentage.withPercentage(5));
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 4, 7})
    void shouldNeedHalfTheTimeInBothDirections(int ranks) {
        double seconds = seconds(Way.BIDIRECTIONAL, ranks, BYTES, WaysSimulationTest::allReduce);
        double bound = (ranks - 1.0) / ranks * BYTES / BYTES_PER_SECOND;
        assertThat(seconds).isCloseTo(bound, Percentage.withPercentage(6));
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 4, 8})
    void shouldNeedNoMoreThanTheBoundByHalving(int ranks) {
        double seconds = seconds(Way.HALVING_DOUBLING, ranks, BYTES, WaysSimulationTest::allReduce);
        double bound = 2.0 * (ranks - 1) / ranks * BYTES / BYTES_PER_SECOND;
        assertThat(seconds).isCloseTo(bound, Percentage.withPercentage(4));
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 4, 8})
    void shouldNeedAsManyTripsAsBitsByDoubling(int ranks) {
        double seconds = seconds(Way.DOUBLING, ranks, 64, WaysSimulationTest::allReduce);
        assertThat(seconds)
                .isCloseTo(Integer.numberOfTrailingZeros(ranks) * LATENCY_NS / 1e9, Percentage.withPercentage(40));
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 5, 8})
    void shouldPassSumsOnWithoutAPauseAlongTheChain(int ranks) {
        double seconds = seconds(
                Way.CHAIN,
                ranks,
                BYTES,
                (call, rank, input, output) -> call.reduce(input, output, DType.F32, ReduceOp.SUM, 1));
        assertThat(seconds).isCloseTo((double) BYTES / BYTES_PER_SECOND, Percentage.withPercentage(5));
    }

    /** Two hosts of two ranks with slow links between them: a ring sends three vectors across, hosts send two. */
    @Test
    void shouldSendBetweenHostsWhatHostsMust() {
        Topology topology = Topology.ofHosts(List.of("a", "a", "b", "b"));
        Tuning tuning = Tuning.standard(4).withTopology(topology).withTable(AlgorithmTable.forced(4, Way.HIERARCHICAL));
        try (SteppedWorld world = new SteppedWorld(tuning, settings -> settings)) {
            slowDown(world, topology);
            seconds(world, 4, 0, (call, rank, input, output) -> call.barrier());
            long before = world.bytesSent(Scale.CLUSTER);
            double seconds = seconds(world, 4, BYTES, WaysSimulationTest::allReduce);
            long across = world.bytesSent(Scale.CLUSTER) - before;
            assertThat(across).isBetween(2 * BYTES, (long) (1.03 * 2 * BYTES));
            double bound = BYTES / 2.0 / BYTES_PER_SECOND; // each of two links carries half of the vector, both ways
            assertThat(seconds).isCloseTo(bound, Percentage.withPercentage(4));
        }
    }

    private static void slowDown(SteppedWorld world, Topology topology) {
        LongStream.range(0, 16)
                .filter(pair -> topology.between((int) pair / 4, (int) pair % 4) == Scale.CLUSTER)
                .forEach(pair -> world.fabric().shape(1, (int) pair / 4, (int) pair % 4, SLOW));
    }
}
