package io.dunlin.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.dunlin.device.Event;
import io.dunlin.device.Stream;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A step puts nothing on the heap once it has run: neither launches nor matrix products, copies, events and waits. */
@NeedsCuda
@Tag("standin-only") // once is enough: not in any order, not on a slow bus
class LaunchAllocationTest {
    private static final int CALLS = 100;
    private static final int ROUNDS = 50;

    @Test
    void shouldAllocateNothingPerLaunch(@TempDir Path cache) {
        try (OneStream gpu = OneStream.open(cache)) {
            Tensor x = gpu.tensor(DType.F32, 16 * 16).device().reshape(Shape.of(16, 16));
            Tensor y = gpu.tensor(DType.F32, 16 * 16).device().reshape(Shape.of(16, 16));
            Tensor rstd = gpu.tensor(DType.F32, 16).device();
            CudaKernels kernels = gpu.kernels();
            assertThat(leastBytes(() -> {
                        kernels.gelu(x, y);
                        kernels.rmsNorm(x, rstd, 1e-5f, y, rstd);
                        kernels.rmsNormBackward(x, y, rstd, rstd, y, rstd, 0);
                    }))
                    .isZero();
            assertThat(leastBytes(() -> kernels.linear(x, x, Tensor.NONE, Tensor.NONE, y)))
                    .isZero();
            assertThat(leastBytes(() -> kernels.sumOfSquares(x))).isZero();
        }
    }

    @Test
    void shouldAllocateNothingPerCopyAndEvent(@TempDir Path cache) {
        try (CudaDevice device = KernelsUnderTest.open(cache)) {
            Stream copies = device.stream("copies");
            Stream compute = device.stream("compute");
            MemorySegment host = device.allocateHost("test", 4096);
            MemorySegment memory = device.allocate("test", 4096);
            Tensor x = Tensor.of(DType.F32, Shape.of(1024), memory);
            assertThat(leastBytes(() -> {
                        copies.upload(host, memory);
                        compute.await(copies.record());
                        compute.kernels().gelu(x, x);
                        Event computed = compute.record();
                        copies.await(computed);
                        copies.download(memory, host);
                        computed.synchronize();
                        copies.synchronize();
                    }))
                    .isZero();
        }
    }

    private static long leastBytes(Runnable launches) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long least = Long.MAX_VALUE;
        for (int round = 0; round < ROUNDS; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int call = 0; call < CALLS; call++) {
                launches.run();
            }
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
        return least;
    }
}
