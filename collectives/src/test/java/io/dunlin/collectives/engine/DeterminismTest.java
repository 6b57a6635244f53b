package io.dunlin.collectives.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.transport.LinkShape;
import io.dunlin.collectives.transport.LoopbackSettings;
import io.dunlin.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The bits of a sum do not depend on who came first, and those of a tree sum not on how many came. */
class DeterminismTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    /** Links whose delays differ with the seed. */
    private static LoopbackSettings shaken(int ranks, long seed) {
        LinkShape shape = LinkShape.PERFECT.withLatency(20_000, 400_000).withLoss(0.05, 300_000);
        return LoopbackSettings.ofRanks(ranks).withShape(shape, seed).withDataStreamBytes(64 << 10);
    }

    @Test
    void shouldGiveTheSameTreeSumOnAnyNumberOfMembersWithAnyDelays() {
        Set<Long> sums = new HashSet<>();
        for (int ranks : new int[] {1, 2, 3, 4, 7}) {
            for (long seed = 0; seed < 3; seed++) {
                try (LoopbackWorld world = LoopbackWorld.of(shaken(ranks, seed), LIMIT)) {
                    sums.addAll(
                            Ranks.run(world.communicators(), c -> CollectivesContract.treeReduce(c, 12, 40_000, 0)));
                }
            }
        }
        assertThat(sums).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {300, 40_000})
    void shouldGiveTheSameSumEveryTimeWhateverTheDelays(int count) {
        for (DType dtype : List.of(DType.F32, DType.BF16)) {
            Set<Long> sums = new HashSet<>();
            for (long seed = 0; seed < 4; seed++) {
                try (LoopbackWorld world = LoopbackWorld.of(shaken(4, seed), LIMIT)) {
                    sums.addAll(Ranks.run(world.communicators(), communicator -> {
                        MemorySegment data = Arena.ofAuto().allocate(count * 4L, 64);
                        Random random = new Random(communicator.rank());
                        for (int i = 0; i < count; i++) {
                            data.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
                        }
                        communicator.allReduce(data, dtype, ReduceOp.SUM).await();
                        return CollectivesContract.crc(data.toArray(ValueLayout.JAVA_FLOAT));
                    }));
                }
            }
            assertThat(sums).as("%s", dtype).hasSize(1);
        }
    }

    @Test
    void shouldProgressThroughTheSmallestStreams() {
        LoopbackSettings tiny = LoopbackSettings.ofRanks(4).withDataStreamBytes(4096);
        try (LoopbackWorld world = LoopbackWorld.of(tiny, LIMIT)) {
            List<Float> sums = Ranks.run(world.communicators(), communicator -> {
                MemorySegment data = Arena.ofAuto().allocate(1_200_004, 64);
                data.set(ValueLayout.JAVA_FLOAT, 1_200_000, 1);
                communicator.allReduce(data, DType.F32, ReduceOp.SUM).await();
                CollectivesContract.treeReduce(communicator, 9, 200_001, 1);
                MemorySegment all = Arena.ofAuto().allocate(400_000);
                MemorySegment part = all.asSlice(communicator.rank() * 100_000L, 100_000);
                communicator
                        .allGather(part, all, List.of(100_000L, 100_000L, 100_000L, 100_000L))
                        .await();
                communicator.broadcast(all, 3).await();
                return data.get(ValueLayout.JAVA_FLOAT, 1_200_000);
            });
            assertThat(sums).containsOnly(4f);
        }
    }
}
