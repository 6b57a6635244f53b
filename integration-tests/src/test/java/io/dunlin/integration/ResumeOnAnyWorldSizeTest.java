package io.dunlin.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run goes on with any number of ranks, as if nothing had happened. */
class ResumeOnAnyWorldSizeTest {
    @TempDir
    private Path folder;

    @Test
    void shouldGoOnFromTwoRanksToThreeToOne() {
        TestJob job = TestJob.tiny(30).deterministic();
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            cluster.train("whole", job, 1).succeeds();
            RunFolder whole = cluster.run("whole");

            cluster.train("parts", job.with("train.steps", 10), 2).succeeds();
            RunFolder parts = cluster.run("parts");
            String run = parts.path().toString();
            cluster.start("resume", run, "--ranks", "3", "--set", "train.steps=20")
                    .succeeds();
            cluster.start("resume", run, "--ranks", "1", "--set", "train.steps=30")
                    .succeeds();

            assertThat(parts.steps()).isEqualTo(whole.steps());
            assertThat(SavedTensors.digests(parts, 30)).isEqualTo(SavedTensors.digests(whole, 30));
        }
    }
}
