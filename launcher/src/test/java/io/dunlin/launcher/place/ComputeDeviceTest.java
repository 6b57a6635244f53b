package io.dunlin.launcher.place;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.dunlin.device.cpu.MemorySource;
import io.dunlin.device.cuda.CudaException;
import io.dunlin.device.cuda.Gpus;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ComputeDeviceTest {
    private static final Gpus.Gpu GPU = new Gpus.Gpu("A", "8.0", 1L << 30);

    @Test
    void shouldDealOutGpusInTurn() {
        List<Integer> here = List.of(4, 5, 6, 7, 8);

        assertThat(here).extracting(rank -> new Seat(rank, here, 1).gpu(2)).containsExactly(0, 1, 0, 1, 0);
        assertThat(new Seat(6, here, 1).sharing(2)).containsExactly(4, 6, 8);
        assertThat(Seat.alone(3).sharing(1)).containsExactly(0);
        assertThatIllegalArgumentException().isThrownBy(() -> new Seat(1, here, 1));
    }

    @Test
    void shouldSayOnceWhoSharesAGpu() {
        List<Integer> here = List.of(2, 3, 4);
        List<Gpus.Gpu> gpus = List.of(GPU, new Gpus.Gpu("B", "9.0", 1L << 30));

        assertThat(ComputeDevice.shared(new Seat(2, here, 1), gpus))
                .hasValueSatisfying(
                        remark -> assertThat(remark.text()).startsWith("ranks 2, 4 share GPU 0 (A): they take turns"));
        assertThat(ComputeDevice.shared(new Seat(3, here, 1), gpus)).isEmpty();
        assertThat(ComputeDevice.shared(new Seat(4, here, 1), gpus)).isEmpty();
    }

    @Test
    void shouldComputeOnTheCpuUnasked() {
        try (ComputeDevice opened = ComputeDevice.alone(DeviceChoice.CPU, 1)) {
            assertThat(opened.kind()).isEqualTo(ComputeDevice.Kind.CPU);
            assertThat(opened.device().description()).startsWith("cpu, 1 thread");
            assertThat(opened.remark()).isEmpty();
        }
    }

    @Test
    void shouldSayWhyNoGpuIsUsed() {
        assumeThat(Gpus.look(ComputeDevice.cudaOptions(0)).missing()).isPresent();

        assertThatThrownBy(() -> ComputeDevice.alone(DeviceChoice.CUDA, 1))
                .isInstanceOf(CudaException.class)
                .hasMessageStartingWith("CUDA cannot be used here: ");
        try (ComputeDevice opened = ComputeDevice.alone(DeviceChoice.AUTO, 1)) {
            assertThat(opened.kind()).isEqualTo(ComputeDevice.Kind.CPU);
            assertThat(opened.remark()).hasValueSatisfying(remark -> assertThat(remark)
                    .isInstanceOf(ComputeDevice.Remark.NoGpu.class)
                    .extracting(ComputeDevice.Remark::text)
                    .asString()
                    .startsWith("no GPU is used: CUDA cannot be used here: "));
        }
        try (ComputeDevice opened = ComputeDevice.open(
                DeviceChoice.AUTO, new Seat(1, List.of(0, 1), 1), MemorySource.NONE, Duration.ofMinutes(1))) {
            assertThat(opened.remark()).as("said by the first rank of the host").isEmpty();
        }
    }
}
