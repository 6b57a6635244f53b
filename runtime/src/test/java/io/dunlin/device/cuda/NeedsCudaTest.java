package io.dunlin.device.cuda;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** In processes of their own, because what is loaded once stays loaded. */
@EnabledOnOs(value = OS.LINUX, architectures = "amd64")
class NeedsCudaTest {
    private static final String HINT = "needs g++ (Debian: apt-get install g++): there is no g++ in ";

    @TempDir
    Path folder;

    private record Ended(int status, String output) {}

    private Ended probe(Map<String, String> variables) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        NeedsCudaProbe.class.getName())
                .redirectErrorStream(true);
        builder.environment().remove("CI");
        builder.environment().putAll(variables);
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        return new Ended(process.waitFor(), output);
    }

    @Test
    void shouldSkipWithAHintWhereTheCompilerIsMissing() throws IOException, InterruptedException {
        Ended ended = probe(Map.of("PATH", folder.toString()));
        assertThat(ended.output).contains("skip: tests of CUDA are skipped: the stand-in for CUDA " + HINT + folder);
        assertThat(ended.status).isZero();
    }

    @Test
    void shouldFailInContinuousIntegration() throws IOException, InterruptedException {
        Ended ended = probe(Map.of("PATH", folder.toString(), "CI", "true"));
        assertThat(ended.output).contains("IllegalStateException: CI must run the tests of CUDA", HINT);
        assertThat(ended.status).isNotZero();
    }

    @Test
    void shouldNotTakeAFolderOrATextForTheCompiler() throws IOException {
        Path empty = Files.createDirectory(folder.resolve("empty"));
        Files.createFile(folder.resolve("g++")); // may not be executed
        assertThatThrownBy(() -> new StandInBuilder(empty, empty + "::" + folder))
                .isInstanceOf(NoSuchFileException.class)
                .hasMessage("there is no g++ in " + empty + "::" + folder);
    }

    @Test
    void shouldRunWhereAllIsThere() {
        CudaStandIn.Readiness ready = new CudaStandIn.Readiness(true, "there");
        assertThat(NeedsCuda.Condition.evaluate(ready, true).isDisabled()).isFalse();
    }
}
