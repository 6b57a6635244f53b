package io.dunlin.parallel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dunlin.device.LateDevice;
import io.dunlin.parallel.SmallRun.Outcome;
import io.dunlin.train.Accumulation;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Ranks that each update their share alone end with the weights that one rank has. */
class ShardedUpdateTest {
    @ParameterizedTest
    @CsvSource({"GPT, 1", "GPT, 2", "GPT, 3", "GPT, 8", "LLAMA, 2", "LLAMA, 5"})
    void shouldGiveTheBitsOfOneRank(SmallFamily family, int ranks) {
        SmallRun run = SmallRun.of(family.config(), Accumulation.TREE);
        Outcome expected = run.alone();

        assertThat(LoopbackRanks.train(ranks, run.sharded()))
                .hasSize(ranks)
                .allSatisfy(outcome -> outcome.assertSameBits(expected));
    }

    @ParameterizedTest
    @CsvSource({"GPT, 2", "GPT, 3", "GPT, 8", "LLAMA, 4"})
    void shouldAgreeUpToRoundingInFastMode(SmallFamily family, int ranks) {
        SmallRun run = SmallRun.of(family.config(), Accumulation.RUNNING);
        Outcome expected = run.alone();

        for (Outcome outcome : LoopbackRanks.train(ranks, run.sharded())) {
            for (int step = 0; step < expected.losses().size(); step++) {
                assertThat(outcome.losses().get(step))
                        .as("loss of step %d", step + 1)
                        .isCloseTo(expected.losses().get(step), within(1e-4));
                assertThat(outcome.norms().get(step))
                        .as("norm of step %d", step + 1)
                        .isCloseTo(expected.norms().get(step), within(1e-3));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {64, 4096, 1 << 30})
    void shouldGiveTheSameBitsToAllRanksWhateverIsGatheredAtATime(long bucketBytes) {
        SmallRun run = SmallRun.of(SmallFamily.GPT.config(), Accumulation.RUNNING)
                .steps(4)
                .buckets(bucketBytes)
                .sharded();
        Outcome first = LoopbackRanks.train(3, run).getFirst();

        assertThat(LoopbackRanks.train(3, run)).allSatisfy(outcome -> outcome.assertSameBits(first));
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void shouldWorkWhereTheHostDoesNotReachTheWeights(int ranks) {
        SmallRun run = SmallRun.of(SmallFamily.GPT.config(), Accumulation.TREE).steps(6);
        Outcome expected = run.alone();

        assertThat(LoopbackRanks.train(ranks, run.sharded().on(LateDevice::new)))
                .allSatisfy(outcome -> outcome.assertSameBits(expected));
    }
}
