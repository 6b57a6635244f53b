package io.dunlin.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ranks of one host start at once, on a machine where none has started before. */
@NeedsCuda
@Tag("standin-only")
class CudaStartTest {
    private static final int ROUNDS = 12;
    private static final int TOGETHER = 3;
    private static final int LATE = -1;

    @TempDir
    Path folder;

    @Test
    void shouldComeUpThreeAtATimeWithAnEmptyFolder() throws IOException, InterruptedException {
        for (int round = 0; round < ROUNDS; round++) {
            Path temporary = Files.createDirectory(folder.resolve("round" + round));
            List<Process> processes = new ArrayList<>();
            for (int i = 0; i < TOGETHER; i++) {
                processes.add(start(temporary, temporary.resolve("log" + i)));
            }
            try {
                for (int i = 0; i < TOGETHER; i++) {
                    assertThat(
                                    processes.get(i).waitFor(60, TimeUnit.SECONDS)
                                            ? processes.get(i).exitValue()
                                            : LATE)
                            .as("process %d of round %d: %s", i, round, Files.readString(temporary.resolve("log" + i)))
                            .isZero();
                }
            } finally {
                processes.forEach(Process::destroyForcibly);
            }
            try (Stream<Path> files = Files.walk(temporary)) {
                assertThat(files.map(file -> file.getFileName().toString()))
                        .filteredOn(name -> name.contains("JCuda") || name.contains("JCublas"))
                        .as("one complete copy of each library, nothing partial")
                        .containsExactlyInAnyOrder(
                                "libJCudaDriver-12.6.0-linux-x86_64.so", "libJCublas2-12.6.0-linux-x86_64.so");
            }
        }
    }

    private static Process start(Path temporary, Path log) throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        ProcessBuilder builder = new ProcessBuilder(
                java,
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx128m",
                "-Djava.io.tmpdir=" + temporary,
                "-cp",
                System.getProperty("java.class.path"),
                StartProbe.class.getName(),
                temporary.resolve("cache").toString());
        StandInEnvironment.build().putInto(builder.environment());
        return builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
    }
}
