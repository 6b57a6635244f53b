package io.dunlin.parallel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.dunlin.parallel.SmallRun.Outcome;
import io.dunlin.train.Accumulation;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The promise of the fast mode: the same up to rounding on any number of ranks, and all ranks alike to the last bit. */
class FastModeTest {
    @ParameterizedTest
    @CsvSource({"GPT, 2, 14", "GPT, 3, 14", "GPT, 4, 4", "LLAMA, 2, 14", "LLAMA, 3, 14", "LLAMA, 4, 4"})
    void shouldTrainTheSameUpToRounding(SmallFamily family, int ranks, int rowsPerStep) {
        SmallRun run = SmallRun.of(family.config(), Accumulation.RUNNING).batches(rowsPerStep, 2);
        Outcome one = run.alone();

        List<Outcome> outcomes = LoopbackRanks.train(ranks, run);

        for (int step = 0; step < one.losses().size(); step++) {
            assertThat(outcomes.getFirst().losses().get(step))
                    .as("loss of step %d", step + 1)
                    .isCloseTo(one.losses().get(step), withinPercentage(1e-3));
        }
        for (Outcome outcome : outcomes) {
            assertThat(outcome.losses()).isEqualTo(outcomes.getFirst().losses());
            outcome.weights().forEach((name, weights) -> assertThat(weights)
                    .as(name)
                    .containsExactly(outcomes.getFirst().weights().get(name)));
        }
    }
}
