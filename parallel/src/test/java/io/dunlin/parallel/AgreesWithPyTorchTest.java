package io.dunlin.parallel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.dunlin.parallel.SmallRun.Outcome;
import io.dunlin.train.Accumulation;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** 30 AdamW steps of two tiny models give PyTorch's losses and norms on any number of ranks. */
class AgreesWithPyTorchTest {
    @ParameterizedTest
    @CsvSource({"GPT2, 1", "GPT2, 2", "GPT2, 4", "LLAMA, 1", "LLAMA, 2", "LLAMA, 4"})
    void shouldReproduceTheReferenceRun(PyTorchFigures figures, int ranks) {
        SmallRun run = SmallRun.of(figures.config(), Accumulation.RUNNING, figures.rows(), figures::loadInto)
                .batches(8, 2)
                .steps(30);

        for (Outcome outcome : LoopbackRanks.train(ranks, run)) {
            List<Double> losses = figures.curve("losses");
            List<Double> norms = figures.curve("grad_norms");
            assertThat(outcome.losses()).hasSameSizeAs(losses);
            for (int step = 0; step < losses.size(); step++) {
                assertThat(outcome.losses().get(step))
                        .as("loss of step %d", step + 1)
                        .isCloseTo(losses.get(step), within(1e-4));
                assertThat(outcome.norms().get(step))
                        .as("norm of step %d", step + 1)
                        .isCloseTo(norms.get(step), withinPercentage(0.1));
            }
        }
    }
}
