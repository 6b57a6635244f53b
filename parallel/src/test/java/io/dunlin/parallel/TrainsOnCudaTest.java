package io.dunlin.parallel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.dunlin.device.cuda.CudaDevice;
import io.dunlin.device.cuda.CudaOptions;
import io.dunlin.device.cuda.NeedsCuda;
import io.dunlin.parallel.SmallRun.Outcome;
import io.dunlin.train.Accumulation;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Ranks that compute on a GPU (or on its stand-in) train as PyTorch does. */
@NeedsCuda
@Tag("cuda")
class TrainsOnCudaTest {
    @TempDir
    static Path natives;

    @ParameterizedTest
    @CsvSource({"GPT2, 1", "GPT2, 2", "LLAMA, 1", "LLAMA, 2"})
    void shouldReproduceTheReferenceRun(PyTorchFigures figures, int ranks) {
        SmallRun run = SmallRun.of(figures.config(), Accumulation.RUNNING, figures.rows(), figures::loadInto)
                .batches(8, 2)
                .steps(30)
                .on(TrainsOnCudaTest::open);

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

    @ParameterizedTest
    @EnumSource(SmallFamily.class)
    void shouldGiveTheSameBitsOnAnyNumberOfRanks(SmallFamily family) {
        SmallRun run = SmallRun.of(family.config(), Accumulation.TREE).steps(3).on(TrainsOnCudaTest::open);
        Outcome expected = run.alone();

        assertThat(LoopbackRanks.train(3, run)).allSatisfy(outcome -> outcome.assertSameBits(expected));
    }

    private static CudaDevice open() {
        return CudaDevice.open(CudaOptions.of(0, natives));
    }
}
