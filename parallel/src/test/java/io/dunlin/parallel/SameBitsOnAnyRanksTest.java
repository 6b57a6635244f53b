package io.dunlin.parallel;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.parallel.SmallRun.Outcome;
import io.dunlin.train.Accumulation;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The promise of the deterministic mode: any number of ranks, the same losses and weights to the last bit. */
class SameBitsOnAnyRanksTest {
    @ParameterizedTest
    @EnumSource
    void shouldGiveTheSameBitsOnOneToFourRanks(SmallFamily family) {
        SmallRun run = SmallRun.of(family.config(), Accumulation.TREE);
        Outcome one = run.alone();

        assertThat(one.losses().getLast()).isLessThan(one.losses().getFirst());
        for (int ranks = 1; ranks <= 4; ranks++) {
            for (Outcome outcome : LoopbackRanks.train(ranks, run)) {
                outcome.assertSameBits(one);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldGiveTheSameBitsWithMoreRanksThanMicroBatches(SmallFamily family) {
        SmallRun run = SmallRun.of(family.config(), Accumulation.TREE).batches(4, 2);
        Outcome one = run.alone();

        for (Outcome outcome : LoopbackRanks.train(4, run)) {
            outcome.assertSameBits(one);
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldGiveTheSameBitsWhateverTheBuckets(SmallFamily family) {
        SmallRun run = SmallRun.of(family.config(), Accumulation.TREE);

        LoopbackRanks.train(2, run.buckets(1000))
                .getLast()
                .assertSameBits(LoopbackRanks.train(3, run.buckets(25 << 20)).getLast());
    }
}
