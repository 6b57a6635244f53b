package io.dunlin.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@NeedsCuda
@Tag("standin-only") // NVRTC is optional, so a machine with a GPU may not have it
class KernelCompilerTest {
    private static final String SOURCE = "extern \"C\" __global__ void put(float* x) { x[threadIdx.x] = VALUE; }\n";

    @TempDir
    Path cache;

    private KernelCompiler compiler() {
        return new KernelCompiler(CudaOptions.of(0, cache), "86");
    }

    private Path file() throws IOException {
        try (var files = Files.list(cache.resolve("kernels"))) {
            return files.reduce((_, _) -> {
                        throw new AssertionError("more than one file");
                    })
                    .orElseThrow();
        }
    }

    @Test
    void shouldCompileOnceAndLoad() throws IOException {
        int before = CudaStandIn.calls("nvrtcCompileProgram");
        byte[] image = compiler().compile("put.cu", SOURCE, List.of("-DVALUE=3.0f"));
        assertThat(compiler().compile("put.cu", SOURCE, List.of("-DVALUE=3.0f")))
                .isEqualTo(image);
        assertThat(CudaStandIn.calls("nvrtcCompileProgram") - before).isEqualTo(1);
        assertThat(file()).isRegularFile();
        try (CudaDevice device = TestKernels.open(CudaOptions.of(0, cache))) {
            KernelModule module = device.context()
                    .call(() ->
                            device.owns(KernelModule.ofImage(device.context().account(), image)));
            assertThat(device.context().call(() -> module.function("put"))).isNotNull();
        }
    }

    @Test
    void shouldCompileAgainForOtherOptionsAndAfterDamage() throws IOException {
        byte[] image = compiler().compile("put.cu", SOURCE, List.of("-DVALUE=3.0f"));
        Path file = file();
        byte[] whole = Files.readAllBytes(file);
        byte[] damaged = whole.clone();
        damaged[damaged.length / 2] ^= 1;
        for (byte[] bad : new byte[][] {damaged, new byte[0], java.util.Arrays.copyOf(whole, whole.length - 1)}) {
            Files.write(file, bad);
            int before = CudaStandIn.calls("nvrtcCompileProgram");
            assertThat(compiler().compile("put.cu", SOURCE, List.of("-DVALUE=3.0f")))
                    .hasSameSizeAs(image);
            assertThat(CudaStandIn.calls("nvrtcCompileProgram") - before).isEqualTo(1);
        }
        compiler().compile("put.cu", SOURCE, List.of("-DVALUE=4.0f"));
        assertThatThrownBy(this::file).isInstanceOf(AssertionError.class);
    }

    @Test
    void shouldCompileWhereTheCacheCannotBeReadOrWritten() throws IOException {
        compiler().compile("put.cu", SOURCE, List.of("-DVALUE=3.0f"));
        Path file = file();
        Files.delete(file);
        Files.createDirectories(file.resolve("in the way")); // permissions would not stop root
        assertThat(compiler().compile("put.cu", SOURCE, List.of("-DVALUE=3.0f")))
                .isNotEmpty();
        Files.delete(file.resolve("in the way"));
        Files.delete(file);
        Files.delete(cache.resolve("kernels"));
        Files.createFile(cache.resolve("kernels")); // where the folder belongs
        assertThat(compiler().compile("put.cu", SOURCE, List.of("-DVALUE=3.0f")))
                .isNotEmpty();
    }

    @Test
    void shouldShowWhatTheCompilerSays() {
        assertThatThrownBy(() -> compiler().compile("put.cu", SOURCE, List.of()))
                .isInstanceOf(CudaException.class)
                .hasMessageContaining("put.cu does not compile")
                .hasMessageContaining("VALUE")
                .extracting(e -> ((CudaException) e).code())
                .isEqualTo("DUN-425");
    }
}
