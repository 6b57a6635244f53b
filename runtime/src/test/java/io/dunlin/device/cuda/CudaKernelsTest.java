package io.dunlin.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dunlin.device.AdamWStep;
import io.dunlin.device.AttentionShape;
import io.dunlin.device.Kernels;
import io.dunlin.device.cpu.CpuDevice;
import io.dunlin.device.cpu.CpuOptions;
import io.dunlin.device.cpu.KernelsContract;
import io.dunlin.device.cpu.Trial;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The kernels of the GPU keep the contract of all kernels, and give the same bits again. */
@NeedsCuda
@Tag("cuda")
class CudaKernelsTest extends KernelsContract {
    private static CudaDevice device;
    private static Kernels kernels;

    @BeforeAll
    static void open(@TempDir Path cache) {
        device = KernelsUnderTest.open(cache);
        kernels = MirroredKernels.of((CudaStream) device.stream("test"));
    }

    @AfterAll
    static void close() {
        device.close();
    }

    @Override
    protected List<Kernels> candidates() {
        return List.of(kernels, kernels);
    }

    @Test
    void shouldUpdateWithTheBitsOfTheCpu() {
        try (CpuDevice host = CpuDevice.open(CpuOptions.fast(1))) {
            Kernels onHost = host.stream("test").kernels();
            for (int size : List.of(1, 31, 33, 10_001)) {
                Trial trial = new Trial(host);
                Tensor value = trial.input(DType.F32, size);
                Tensor gradient = trial.input(DType.F32, size);
                Tensor m = trial.input(DType.F32, size);
                Tensor v = trial.result(DType.F32, size);
                Tensor compute = trial.result(DType.BF16, size);
                AdamWStep step = new AdamWStep(1e-2f, 0.9f, 0.95f, 1e-8f, 0.1f, 0.19f, 0.0975f, 0.5f);
                trial.sameBits(onHost, kernels, k -> {
                    k.fill(v, 0.3f);
                    k.adamW(value, gradient, m, v, compute, step);
                    k.adamW(value, gradient, m, v, Tensor.NONE, step);
                });
            }
        }
    }

    @Test
    void shouldScaleAndAddMultiples() {
        try (OneStream gpu = OneStream.of(device)) {
            for (int size : List.of(0, 1, 31, 33, 5000)) {
                OneStream.Twin x = gpu.tensor(DType.F32, size);
                OneStream.Twin y = gpu.tensor(DType.BF16, size);
                OneStream.Twin z = gpu.tensor(DType.F32, size);
                gpu.kernels().fill(x.device(), 3);
                gpu.kernels().copy(x.device(), y.device());
                gpu.kernels().scale(y.device(), 0.5f);
                gpu.kernels().copy(y.device(), z.device());
                gpu.kernels().axpy(-2, z.device(), x.device());
                gpu.kernels().scale(z.device(), 3);
                x.download();
                z.download();
                for (int i = 0; i < size; i++) {
                    assertThat(x.host().get(i)).isZero();
                    assertThat(z.host().get(i)).isEqualTo(4.5f);
                }
            }
        }
    }

    @Test
    void shouldCountWhatIsNotFiniteInThePassThatSumsSquares() {
        try (OneStream gpu = OneStream.of(device)) {
            OneStream.Twin x = gpu.tensor(DType.F32, 200_001);
            for (int at : new int[] {0, 65_535, 65_536, 131_073, 200_000}) {
                x.host().segment().setAtIndex(ValueLayout.JAVA_FLOAT, at, at % 2 == 0 ? Float.NaN : Float.MAX_VALUE);
            }
            x.host().segment().setAtIndex(ValueLayout.JAVA_FLOAT, 5, Float.NEGATIVE_INFINITY);
            x.upload();
            assertThat(gpu.kernels().sumOfSquares(x.device())).isNaN();
            assertThat(gpu.kernels().notFinite()).isEqualTo(4);
            gpu.kernels().fill(x.device(), 2);
            assertThat(gpu.kernels().sumOfSquares(x.device())).isEqualTo(4 * 200_001);
            assertThat(gpu.kernels().notFinite()).isZero();
        }
    }

    @Test
    void shouldRefuseHeadsThatAreTooWide() {
        AttentionShape wide = new AttentionShape(1, 1, 1, 1, 257);
        try (OneStream gpu = OneStream.of(device)) {
            Tensor x = gpu.tensor(DType.F32, 257).device();
            assertThatThrownBy(() -> gpu.kernels().attention(wide, x, x, x, x, x))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("257");
        }
    }
}
