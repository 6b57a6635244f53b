package io.dunlin.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A disk that is full ends the run with a reason; what was saved before is whole, and the run goes on with more room. */
class FullDiskTest {
    private static final int ENVIRONMENT = 3;

    /** More than the flight recorders of two ranks take with 16 operations each. */
    private static final long FLIGHT_BYTES = 128 << 10;

    @TempDir
    private Path folder;

    @Test
    void shouldKeepWhatWasSavedAndGoOnWithMoreRoom() {
        TestJob job = TestJob.tiny(30)
                .deterministic()
                .with("checkpoint.interval", 5)
                .with("checkpoint.keep_last", 100)
                .with("observe.flight_operations", 16);
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            cluster.train("undisturbed", job, 1).succeeds();
            RunFolder undisturbed = cluster.run("undisturbed");
            long bytes = new Size(undisturbed.checkpoints().getFirst()).bytes();
            try (SmallDisk disk = SmallDisk.of(folder.resolve("runs/full"), FLIGHT_BYTES + 3 * bytes + bytes / 2)) {
                DunlinProcess process = cluster.train("full", job, 2).endsWith(ENVIRONMENT);
                RunFolder run = cluster.run("full");
                List<Long> saved = run.savedSteps();

                assertThat(process.text())
                        .containsPattern("DUN-30[12]")
                        .containsIgnoringCase("room")
                        .doesNotContain("\tat ");
                assertThat(saved).isNotEmpty().allMatch(step -> step % 5 == 0);
                cluster.start("ckpt", "verify", run.path().toString(), "--all").succeeds();

                disk.grow(64 << 20);
                cluster.start("resume", run.path().toString()).succeeds();
                assertThat(run.savedSteps()).containsAll(saved).contains(30L);
                assertThat(SavedTensors.digests(run, 30)).isEqualTo(SavedTensors.digests(undisturbed, 30));
            }
        }
    }

    @Test
    void shouldTrainWithoutAFlightRecorderWhereItDoesNotFit() {
        TestJob job = TestJob.tiny(2).deterministic();
        Path path = folder.resolve("runs/little");
        try (LocalCluster cluster = LocalCluster.in(folder);
                SmallDisk disk = SmallDisk.of(path, 256 << 10)) {
            assertThat(cluster.train("little", job, 2).endsWith(ENVIRONMENT).text())
                    .contains("no flight recorder")
                    .contains("No space left");
            assertThat(path.resolve("flight")).isDirectoryNotContaining("glob:**.new");
        }
    }

    /** What a folder's files take. */
    private record Size(Path path) {
        long bytes() {
            try (var files = java.nio.file.Files.walk(path)) {
                return files.filter(java.nio.file.Files::isRegularFile)
                        .mapToLong(file -> file.toFile().length())
                        .sum();
            } catch (java.io.IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }
    }
}
