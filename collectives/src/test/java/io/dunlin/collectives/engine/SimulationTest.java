package io.dunlin.collectives.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.Work;
import io.dunlin.collectives.algorithm.AlgorithmTable;
import io.dunlin.collectives.algorithm.Tuning;
import io.dunlin.collectives.algorithm.Way;
import io.dunlin.collectives.transport.LinkShape;
import io.dunlin.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Times of algorithms on links of known speed, and failures at chosen moments, in virtual time. */
class SimulationTest {
    private static final long BYTES_PER_SECOND = 100_000_000;
    private static final LinkShape SLOW =
            LinkShape.PERFECT.withBandwidth(BYTES_PER_SECOND).withLatency(20_000, 0);

    private static List<Work> onAll(SteppedWorld world, int ranks, long bytes) {
        List<Work> works = new ArrayList<>();
        for (int rank = 0; rank < ranks; rank++) {
            MemorySegment data = Arena.ofAuto().allocate(bytes, 64);
            works.add(world.call(rank, call -> call.allReduce(data, data, DType.F32, ReduceOp.SUM)));
        }
        return works;
    }

    private static Tuning ring(int ranks) {
        return Tuning.standard(ranks).withTable(AlgorithmTable.forced(ranks, Way.RING));
    }

    /** The ring's time is 2(p-1)/p * n / bandwidth, and little more: it never waits for itself. */
    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 8})
    void shouldKeepEveryLinkOfTheRingBusy(int ranks) {
        long bytes = 8 << 20;
        try (SteppedWorld world = new SteppedWorld(ring(ranks), settings -> settings.withShape(SLOW, 1))) {
            world.run(onAll(world, ranks, 1024)); // all have met
            double seconds = world.run(onAll(world, ranks, bytes)) / 1e9;
            double bound = 2.0 * (ranks - 1) / ranks * bytes / BYTES_PER_SECOND;
            assertThat(seconds).isCloseTo(bound, Percentage.withPercentage(4));
        }
    }

    /** Operations that follow each other leave no gap on the links. */
    @Test
    void shouldOverlapOperationsThatFollowEachOther() {
        long bytes = 1 << 20;
        int operations = 8;
        try (SteppedWorld world = new SteppedWorld(ring(4), settings -> settings.withShape(SLOW, 1))) {
            world.run(onAll(world, 4, 1024));
            List<Work> works = new ArrayList<>();
            for (int i = 0; i < operations; i++) {
                works.addAll(onAll(world, 4, bytes));
            }
            double seconds = world.run(works) / 1e9;
            double bound = operations * 1.5 * bytes / BYTES_PER_SECOND;
            assertThat(seconds).isCloseTo(bound, Percentage.withPercentage(4));
        }
    }

    @Test
    void shouldRepeatARunExactly() {
        List<Long> times = new ArrayList<>();
        for (int round = 0; round < 2; round++) {
            LinkShape lossy = SLOW.withLatency(5_000, 50_000).withLoss(0.02, 1_000_000);
            try (SteppedWorld world = new SteppedWorld(5, settings -> settings.withShape(lossy, 7))) {
                times.add(world.run(onAll(world, 5, 2 << 20)));
            }
        }
        assertThat(times.get(0)).isEqualTo(times.get(1));
    }

    @Test
    void shouldFailAtTheDeadlineAndNotBefore() {
        try (SteppedWorld world = new SteppedWorld(3, settings -> settings)) {
            world.run(onAll(world, 3, 1024));
            List<Work> works = onAll(world, 2, 1024); // rank 2 never calls
            double seconds = world.run(works) / 1e9;
            assertThat(seconds).isCloseTo(10, within(0.01));
            assertThat(world.failure(0).code()).isEqualTo("DUN-702");
            assertThat(world.failure(0).culprits()).containsExactly(2);
        }
    }

    /** Death at any moment of an operation: survivors end with that rank's name, or the operation was already over. */
    @ParameterizedTest
    @ValueSource(longs = {0, 100, 1_000, 5_000, 20_000, 40_000, 60_000, 80_000})
    void shouldNameTheDeadWheneverItDies(long afterMicros) {
        long bytes = 4 << 20;
        try (SteppedWorld world = new SteppedWorld(4, settings -> settings.withShape(SLOW, 3))) {
            world.run(onAll(world, 4, 1024));
            world.fabric()
                    .killAt(
                            1,
                            world.nowNs()
                                    + Duration.ofNanos(afterMicros * 1_000).toNanos());
            long tookNs = world.run(onAll(world, 4, bytes));
            if (afterMicros * 1_000 < 55_000_000) {
                assertThat(tookNs).isLessThan(afterMicros * 1_000 + 100_000_000);
                for (int rank : List.of(0, 2, 3)) {
                    assertThat(world.failure(rank).code()).isEqualTo("DUN-704");
                    assertThat(world.failure(rank).culprits()).containsExactly(1);
                }
            }
        }
    }

    @Test
    void shouldGoOnAfterAPauseShorterThanTheDeadline() {
        try (SteppedWorld world = new SteppedWorld(3, settings -> settings.withShape(SLOW, 1))) {
            world.run(onAll(world, 3, 1024));
            world.fabric().freezeBetween(1, world.nowNs() + 3_000_000, world.nowNs() + 2_003_000_000L);
            List<Work> works = new ArrayList<>();
            List<MemorySegment> buffers = new ArrayList<>();
            for (int rank = 0; rank < 3; rank++) {
                MemorySegment data = Arena.ofAuto().allocate(1 << 20, 64);
                data.set(ValueLayout.JAVA_FLOAT, 4096, rank);
                buffers.add(data);
                works.add(world.call(rank, call -> call.allReduce(data, data, DType.F32, ReduceOp.SUM)));
            }
            double seconds = world.run(works) / 1e9;
            assertThat(seconds).isBetween(2.0, 2.1);
            works.forEach(Work::await);
            assertThat(buffers).allMatch(data -> data.get(ValueLayout.JAVA_FLOAT, 4096) == 3f);
        }
    }
}
