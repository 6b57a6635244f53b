package io.dunlin.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.device.Device;
import io.dunlin.device.Kernels;
import io.dunlin.device.cpu.CpuDevice;
import io.dunlin.device.cpu.CpuOptions;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class TimedDeviceTest {
    private final AtomicLong nowNs = new AtomicLong();
    private final KernelTimes times = new KernelTimes(() -> nowNs.addAndGet(10));

    @Test
    void shouldCountCallsTimeAndOperationsAndComputeTheSame() {
        try (Device device = new TimedDevice(CpuDevice.open(CpuOptions.plain()), times)) {
            Kernels kernels = device.stream("compute").kernels();
            Tensor x = tensor(device, 2, 3);
            Tensor w = tensor(device, 5, 3);
            Tensor y = tensor(device, 2, 5);
            kernels.fill(x, 2f);
            kernels.fill(w, 1f);

            kernels.linear(x, w, Tensor.NONE, Tensor.NONE, y);

            assertThat(y.get(9)).isEqualTo(6f);
            assertThat(times.entries())
                    .containsExactly(
                            new KernelTimes.Entry("add, fill, copy", 2, 20, 0),
                            new KernelTimes.Entry("linear", 1, 10, 2 * 2 * 3 * 5));
        }
    }

    @Test
    void shouldForgetWhatWasBeforeAReset() {
        try (Device device = new TimedDevice(CpuDevice.open(CpuOptions.plain()), times)) {
            Kernels kernels = device.stream("compute").kernels();
            kernels.fill(tensor(device, 1, 1), 1f);

            times.reset();
            double sum = kernels.sum(tensor(device, 1, 1));

            assertThat(sum).isZero();
            assertThat(times.entries()).extracting(KernelTimes.Entry::kernel).containsExactly("sums and norms");
        }
    }

    private static Tensor tensor(Device device, long rows, long columns) {
        return Tensor.of(DType.F32, Shape.of(rows, columns), device.allocate("test", rows * columns * Float.BYTES));
    }
}
