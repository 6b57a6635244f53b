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
    void shouldTellNoGpuFromOneThatCannotBeUsed() {
        assertThat(Gpus.judged(0, List.of(), 0).verdict()).isInstanceOf(Gpus.Verdict.Absent.class);
        assertThat(Gpus.judged(11_080, List.of(), 13).verdict()).isInstanceOf(Gpus.Verdict.Absent.class);
        assertThat(Gpus.judged(11_080, ONE, 12).verdict()).isInstanceOf(Gpus.Verdict.Unusable.class);
        assertThat(Gpus.judged(12_060, ONE, 13).verdict()).isInstanceOf(Gpus.Verdict.Unusable.class);
        assertThat(Gpus.judged(12_060, ONE, 12).verdict()).isEqualTo(new Gpus.Verdict.Usable());
    }

    @Test
    void shouldRefuseGpusForWhichThereAreNoKernels() {
        Gpus.Gpu turing = new Gpus.Gpu("Tesla T4", "7.5", 16L << 30);
        Gpus.Gpu blackwell = new Gpus.Gpu("RTX 5090", "12.0", 32L << 30);

        assertThat(words(Gpus.judged(12_060, List.of(turing, turing), 12)))
                .contains("GPU 0 (Tesla T4) has compute capability 7.5, and 8.0 or higher is needed", "A100")
                .doesNotContain("CUDA_VISIBLE_DEVICES");
        assertThat(words(Gpus.judged(12_060, List.of(ONE.getFirst(), turing, blackwell), 12)))
                .contains("GPU 1 (Tesla T4) has compute capability 7.5", "CUDA_VISIBLE_DEVICES=0,2");
        assertThat(Gpus.judged(12_060, List.of(blackwell), 12).missing()).isEmpty();
        assertThat(Gpus.judged(12_060, List.of(turing), 12).verdict()).isInstanceOf(Gpus.Verdict.Unusable.class);
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
