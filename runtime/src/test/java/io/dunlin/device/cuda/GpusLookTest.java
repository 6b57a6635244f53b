package io.dunlin.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The driver is asked without JCuda. */
@NeedsCuda
@Tag("cuda")
class GpusLookTest {
    @TempDir
    Path cache;

    @Test
    void shouldFindWhatCanBeOpened() {
        CudaOptions options = CudaOptions.of(0, cache);

        Gpus gpus = Gpus.look(options);

        assertThat(gpus.missing()).isEmpty();
        assertThat(gpus.blas()).isEqualTo(12);
        Gpus.Gpu first = gpus.all().getFirst();
        try (CudaDevice device = CudaDevice.open(options)) {
            assertThat(device.description())
                    .contains(
                            first.name(),
                            "compute capability " + first.computeCapability(),
                            "%,d MiB".formatted(first.memoryBytes() >> 20),
                            "CUDA " + gpus.driverServes().orElseThrow());
        }
    }
}
