package io.dunlin.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two runs on one host do not notice each other. */
class TwoRunsAtOnceTest {
    @TempDir
    private Path folder;

    @Test
    void shouldTrainTheSameAsEachAlone() {
        TestJob job = TestJob.tiny(40).deterministic();
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            DunlinProcess left = cluster.train("left", job, 2);
            DunlinProcess right = cluster.train("right", job.with("run.seed", 7), 2);
            left.succeeds();
            right.succeeds();

            cluster.train("alone", job, 1).succeeds();
            assertThat(cluster.run("left").steps()).hasSize(40).isEqualTo(cluster.run("alone").steps());
            assertThat(cluster.run("right").steps())
                    .hasSize(40)
                    .isNotEqualTo(cluster.run("alone").steps());
        }
    }

    @Test
    void shouldRefuseASecondAgentForOneRun() {
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            DunlinProcess first =
                    cluster.train("one", TestJob.tiny(1_000_000).with("checkpoint.interval", 0), 1);
            RunFolder run = cluster.run("one");
            run.awaitStep(2);

            DunlinProcess second = cluster.start("resume", run.path().toString()).endsWith(2);

            assertThat(second.text()).contains("DUN-208").contains("another agent is training");
            assertThat(first.running()).isTrue();
            first.signal("TERM");
            first.endsWith(75);
        }
    }
}
