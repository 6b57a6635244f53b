package io.dunlin.parallel;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.device.cuda.CudaDevice;
import io.dunlin.device.cuda.CudaOptions;
import io.dunlin.device.cuda.NeedsCuda;
import io.dunlin.parallel.SmallRun.Outcome;
import io.dunlin.parallel.mesh.ShardScheme;
import io.dunlin.parallel.mesh.TopologyText;
import io.dunlin.train.Accumulation;
import java.nio.file.Path;
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
        LoopbackRanks.train(ranks, figures.run().on(TrainsOnCudaTest::open)).forEach(figures::assertReproducedBy);
    }

    @ParameterizedTest
    @EnumSource(SmallFamily.class)
    void shouldGiveTheSameBitsOnAnyNumberOfRanks(SmallFamily family) {
        SmallRun run = SmallRun.of(family.config(), Accumulation.TREE).steps(3).on(TrainsOnCudaTest::open);
        Outcome expected = run.alone();

        assertThat(LoopbackRanks.train(3, run)).allSatisfy(outcome -> outcome.assertSameBits(expected));
    }

    @ParameterizedTest
    @EnumSource(names = {"ZERO1", "ZERO2", "ZERO3", "ZERO_PLUS_PLUS", "TOPO"})
    void shouldGiveTheSameBitsHoweverTensorsAreSharded(ShardScheme scheme) {
        SmallRun run = SmallRun.of(SmallFamily.GPT.config(), Accumulation.TREE)
                .batches(12, 2)
                .steps(2)
                .on(TrainsOnCudaTest::open);

        LoopbackRanks.train(TopologyText.parse("2x1x2").orElseThrow().topology(), run.sharded(scheme.degrees()))
                .assertSameBits(run.alone());
    }

    private static CudaDevice open() {
        return CudaDevice.open(CudaOptions.of(0, natives));
    }
}
