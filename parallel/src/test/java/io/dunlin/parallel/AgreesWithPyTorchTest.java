package io.dunlin.parallel;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** 30 AdamW steps of two tiny models give PyTorch's losses and norms on any number of ranks. */
class AgreesWithPyTorchTest {
    @ParameterizedTest
    @CsvSource({"GPT2, 1", "GPT2, 2", "GPT2, 4", "LLAMA, 1", "LLAMA, 2", "LLAMA, 4"})
    void shouldReproduceTheReferenceRun(PyTorchFigures figures, int ranks) {
        LoopbackRanks.train(ranks, figures.run()).forEach(figures::assertReproducedBy);
    }
}
