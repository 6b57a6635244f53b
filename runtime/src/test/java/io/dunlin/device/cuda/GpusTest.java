package io.dunlin.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** What is said of what was found. */
final class GpusTest {
    private static final List<Gpus.Gpu> ONE = List.of(new Gpus.Gpu("GPU", "8.0", 40L << 30));

    @Test
    void shouldMissNothingWhereThereIsADriverAGpuAndCuBlasOf12() {
        assertThat(Gpus.judged(12_060, ONE, 12).missing()).isEmpty();
        assertThat(Gpus.judged(13_000, ONE, 12).missing()).isEmpty();
        assertThat(Gpus.judged(12_060, ONE, 12).driverServes()).contains("12.6");
    }

    @Test
    void shouldSayWhatIsMissingFirst() {
        assertThat(words(Gpus.judged(0, List.of(), 0))).contains("there is no driver (libcuda.so.1)", "525");
        assertThat(words(Gpus.judged(11_080, ONE, 12))).contains("the driver serves CUDA 11.8");
        assertThat(words(Gpus.judged(12_060, List.of(), 12))).contains("the driver finds no GPU", "nvidia-smi -L");
        assertThat(words(Gpus.judged(12_060, ONE, 0)))
                .contains("libcublas.so.12 is not found;", "libcublas-12-x", "nvidia-cublas-cu12")
                .doesNotContain("13");
        assertThat(Gpus.judged(0, List.of(), 0).driverServes()).isEmpty();
    }

    @Test
    void shouldSayWhatWorksWhereThereIsCuda13Only() {
        assertThat(words(Gpus.judged(13_000, ONE, 13)))
                .contains(
                        "libcublas.so.12 is not found, and libcublas.so.13 does not serve",
                        "the driver is right, it runs programs of CUDA 12 too",
                        "beside CUDA 13 install cuBLAS of CUDA 12");
    }

    private static String words(Gpus gpus) {
        CudaException missing = gpus.missing().orElseThrow();
        assertThat(missing.code()).isEqualTo("DUN-420");
        return missing.getMessage() + "; " + missing.remedy();
    }
}
