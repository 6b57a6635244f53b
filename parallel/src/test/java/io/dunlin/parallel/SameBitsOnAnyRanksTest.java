package io.dunlin.parallel;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.model.ModelConfig;
import io.dunlin.parallel.SmallRun.Outcome;
import io.dunlin.train.Accumulation;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The promise of the deterministic mode: any number of ranks, the same losses and weights to the last bit. */
class SameBitsOnAnyRanksTest {
    enum Family {
        GPT(ModelConfig.gpt(2, 32, 2, 61, 16)),
        LLAMA(ModelConfig.llama(2, 32, 4, 2, 48, 61, 16));

        private final ModelConfig config;

        Family(ModelConfig config) {
            this.config = config;
        }
    }

    private static List<Outcome> ranks(int count, SmallRun run) {
        ThreadFabric fabric = new ThreadFabric(count);
        return Ranks.all(count, rank -> () -> run.rank(fabric.communicator(rank)));
    }

    private static void assertSameBits(Outcome actual, Outcome expected) {
        assertThat(actual.losses()).isEqualTo(expected.losses());
        assertThat(actual.norms()).isEqualTo(expected.norms());
        assertThat(actual.weights()).containsOnlyKeys(expected.weights().keySet());
        expected.weights().forEach((name, weights) -> assertThat(actual.weights().get(name))
                .as(name)
                .containsExactly(weights));
    }

    @ParameterizedTest
    @EnumSource
    void shouldGiveTheSameBitsOnOneToFourRanks(Family family) {
        SmallRun run = SmallRun.of(family.config, Accumulation.TREE);
        Outcome one = run.alone();

        assertThat(one.losses().getLast()).isLessThan(one.losses().getFirst());
        for (int ranks = 1; ranks <= 4; ranks++) {
            for (Outcome outcome : ranks(ranks, run)) {
                assertSameBits(outcome, one);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldGiveTheSameBitsWithMoreRanksThanMicroBatches(Family family) {
        SmallRun run = SmallRun.of(family.config, Accumulation.TREE).batches(4, 2);
        Outcome one = run.alone();

        for (Outcome outcome : ranks(4, run)) {
            assertSameBits(outcome, one);
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldGiveTheSameBitsWhateverTheBuckets(Family family) {
        SmallRun run = SmallRun.of(family.config, Accumulation.TREE);

        assertSameBits(ranks(2, run.buckets(1000)).getLast(), ranks(3, run.buckets(25 << 20)).getLast());
    }
}
