package io.dunlin.device.cuda;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Processes that tests start in {@link StandInEnvironment} are on the stand-in, as it was set for them. */
@NeedsCuda
@Tag("standin-only")
class StandInEnvironmentTest {
    @TempDir
    Path folder;

    @Test
    void shouldPutAProcessOnTheStandIn() throws IOException, InterruptedException {
        StandInEnvironment environment = StandInEnvironment.build()
                .memoryMegabytes(96)
                .busGigabytesPerSecond(0.001)
                .jitterMicroseconds(5)
                .trace(folder.resolve("trace-%p"))
                .with("nonsense", 1);
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        StandInProbe.class.getName(),
                        folder.resolve("cache").toString())
                .redirectErrorStream(true);
        environment.putInto(builder.environment());
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        assertThat(output)
                .contains("CUDA stand-in on the CPU", " 96 MiB", "sum 64.0", "CUDA_STANDIN_NONSENSE is no setting");
        StandInTrace trace = StandInTrace.read(folder.resolve("trace-" + process.pid()));
        assertThat(trace.totalNs("kernel")).isPositive();
        assertThat(trace.totalNs("h2d")).isGreaterThan(64_000); // 64 bytes over a bus of 1 MB/s
    }

    @Test
    void shouldKeepTheLibraryPathBehindItsOwn() {
        Map<String, String> environment = new HashMap<>(Map.of("LD_LIBRARY_PATH", "/usual", "OTHER", "1"));
        StandInEnvironment.build().putInto(environment);
        assertThat(environment).containsEntry("OTHER", "1").containsKey("CUDA_STANDIN_KERNELS");
        assertThat(environment.get("LD_LIBRARY_PATH")).endsWith(":/usual").contains("cuda-standin");
    }
}
