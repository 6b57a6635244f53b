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
        // Of the same name, in two folders.
        try (LocalCluster left = LocalCluster.in(folder.resolve("left"));
                LocalCluster right = LocalCluster.in(folder.resolve("right"))) {
            DunlinProcess leftProcess = left.train("same", job, 2);
            DunlinProcess rightProcess = right.train("same", job.with("run.seed", 7), 2);
            leftProcess.succeeds();
            rightProcess.succeeds();

            left.train("alone", job, 1).succeeds();
            assertThat(left.run("same").steps())
                    .hasSize(40)
                    .isEqualTo(left.run("alone").steps());
            assertThat(right.run("same").steps())
                    .hasSize(40)
                    .isNotEqualTo(left.run("alone").steps());
        }
    }

    @Test
    void shouldRefuseASecondAgentForOneRun() {
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            DunlinProcess first = cluster.train("one", TestJob.tiny(1_000_000).with("checkpoint.interval", 0), 1);
            RunFolder run = cluster.run("one");
            run.awaitStep(2);

            DunlinProcess second =
                    cluster.start("resume", run.path().toString()).endsWith(2);

            assertThat(second.text()).contains("DUN-208").contains("another agent is training");
            assertThat(first.running()).isTrue();
            first.signal("TERM");
            first.endsWith(75);
        }
    }
}
