package io.dunlin.launcher.place;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.dunlin.device.cuda.Gpus;
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
}
