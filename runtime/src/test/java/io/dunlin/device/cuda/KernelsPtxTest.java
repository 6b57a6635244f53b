package io.dunlin.device.cuda;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import jcuda.nvptxcompiler.JNvPTXCompiler;
import jcuda.nvptxcompiler.nvPTXCompileResult;
import jcuda.nvptxcompiler.nvPTXCompilerHandle;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The shipped PTX is made from the shipped source, and a real assembler takes it; no GPU and no toolkit is needed. */
@EnabledOnOs(value = OS.LINUX, architectures = "amd64")
class KernelsPtxTest {
    @TempDir
    private static Path cache;

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = CudaKernels.class.getResourceAsStream(name)) {
            return in.readAllBytes();
        }
    }

    @Test
    void shouldBeMadeFromThisSource() throws IOException {
        String first =
                new String(resource("kernels.ptx"), UTF_8).lines().findFirst().orElse("");
        assertThat(first)
                .as("kernels.cu has changed: ./mvnw -q -Pptx -pl runtime test-compile")
                .isEqualTo(PtxGenerator.HASH_MARK + PtxGenerator.hash(resource("kernels.cu")));
    }

    @Test
    void shouldBeReadableByEveryDriverOfCuda12() throws IOException {
        assertThat(new String(resource("kernels.ptx"), UTF_8).lines())
                .contains(".version 8.0", ".target sm_80")
                .noneMatch(line -> line.strip().startsWith(".file")); // it would name a folder of whoever made it
    }

    @ParameterizedTest
    @ValueSource(strings = {"sm_80", "sm_86", "sm_89", "sm_90"})
    void shouldAssembleFor(String architecture) throws IOException {
        byte[] ptx = (new String(resource("kernels.ptx"), UTF_8) + "\0").getBytes(UTF_8);
        nvPTXCompilerHandle handle = new nvPTXCompilerHandle();
        CudaNatives.initialise(
                "JNvPTXCompiler", CudaOptions.of(0, cache), () -> JNvPTXCompiler.setExceptionsEnabled(false));
        assertThat(JNvPTXCompiler.nvPTXCompilerCreate(handle, ptx.length, ptx)).isZero();
        int status = JNvPTXCompiler.nvPTXCompilerCompile(handle, 1, new String[] {"--gpu-name=" + architecture});
        assertThat(status)
                .as(nvPTXCompileResult.stringFor(status) + ": " + log(handle))
                .isZero();
        JNvPTXCompiler.nvPTXCompilerDestroy(handle);
    }

    private static String log(nvPTXCompilerHandle handle) {
        long[] lengthBytes = new long[1];
        JNvPTXCompiler.nvPTXCompilerGetErrorLogSize(handle, lengthBytes);
        byte[] text = new byte[(int) lengthBytes[0] + 1];
        JNvPTXCompiler.nvPTXCompilerGetErrorLog(handle, text);
        return new String(text, UTF_8);
    }
}
