package io.dunlin.parallel;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.engine.LoopbackWorld;
import io.dunlin.device.LateDevice;
import io.dunlin.parallel.Ranks.Ending;
import io.dunlin.parallel.SmallRun.Outcome;
import io.dunlin.train.Accumulation;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Gradients that the host does not reach give the same bits. Each of these waits was removed in turn, and a test here
 * failed: of the copy out for the gradient, of the network for the copy out, of a slot for the copy back before, of compute
 * for the copy back.
 */
class StagedGradientsTest {
    private static final SmallRun TREE = SmallRun.of(SmallFamily.GPT.config(), Accumulation.TREE);

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8})
    void shouldGiveTheSameBitsOnAnyNumberOfRanks(int ranks) {
        Outcome expected = TREE.alone();

        assertThat(LoopbackRanks.train(ranks, TREE.on(LateDevice::new)))
                .hasSize(ranks)
                .allSatisfy(outcome -> outcome.assertSameBits(expected));
    }

    @ParameterizedTest
    @EnumSource(SmallFamily.class)
    void shouldGiveTheSameBitsInFastMode(SmallFamily family) {
        SmallRun run = SmallRun.of(family.config(), Accumulation.RUNNING);
        Outcome expected = LoopbackRanks.train(2, run).getFirst();

        assertThat(LoopbackRanks.train(2, run.on(LateDevice::new)))
                .allSatisfy(outcome -> outcome.assertSameBits(expected));
    }

    @ParameterizedTest
    @ValueSource(longs = {64, 1 << 30})
    void shouldNotCareForTheSizeOfBuckets(long bucketBytes) {
        SmallRun run = TREE.steps(3).buckets(bucketBytes);

        assertThat(LoopbackRanks.train(2, run.on(LateDevice::new)))
                .allSatisfy(outcome -> outcome.assertSameBits(run.alone()));
    }

    @Test
    void shouldServeARankWithoutWork() {
        SmallRun run =
                SmallRun.of(SmallFamily.GPT.config(), Accumulation.RUNNING).batches(4, 2);
        Outcome expected = LoopbackRanks.train(3, run).getFirst();

        assertThat(LoopbackRanks.train(3, run.on(LateDevice::new)))
                .allSatisfy(outcome -> outcome.assertSameBits(expected));
    }

    @Test
    void shouldEndInTheErrorOfTheNetwork() {
        try (LoopbackWorld world = LoopbackWorld.ofRanks(2)) {
            List<Ending<Outcome>> endings = Ranks.endings(
                    2,
                    rank -> () -> TREE.on(LateDevice::new)
                            .told(step -> {
                                if (rank == 1 && step == 2) {
                                    throw new IllegalStateException("this rank has enough");
                                }
                                if (rank == 0 && step == 2) {
                                    world.communicator(0).close();
                                }
                            })
                            .rank(world.communicator(rank)));

            assertThat(endings.getFirst())
                    .isInstanceOfSatisfying(Ending.Failure.class, failure -> assertThat(failure.cause())
                            .isInstanceOf(CollectiveException.class));
        }
    }
}
