package io.dunlin.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rank processes train the same however tensors are sharded, and a run goes on under another scheme as if nothing had been. */
class ShardedRanksTest {
    private static final int STEPS = 20;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({"debug, zero1 zero2 zero3 hsdp zero++ topo", "llama-debug, zero3"})
    void shouldGiveTheBitsOfOneRank(String preset, String schemes) {
        TestJob job = TestJob.tiny(STEPS)
                .with("model.preset", '"' + preset + '"')
                .with("train.recompute", "\"layer\"")
                .with("eval.interval", 10)
                .deterministic();
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            cluster.train("alone", job, 1).succeeds();
            RunFolder alone = cluster.run("alone");

            for (String scheme : schemes.split(" ")) {
                String name = "ranks-" + scheme;
                TestJob sharded = job.with("parallel.shard", '"' + scheme + '"')
                        .with("parallel.topology", scheme.equals("topo") ? "\"2x1x2\"" : "\"2x2\"");
                assertThat(cluster.train(name, sharded, 4).succeeds().text()).contains("dp 4, " + scheme);
                assertThat(cluster.run(name).steps()).as(scheme).isEqualTo(alone.steps());
                assertThat(SavedTensors.digests(cluster.run(name), STEPS))
                        .as(scheme)
                        .isEqualTo(SavedTensors.digests(alone, STEPS));
            }
        }
    }

    @Test
    void shouldGoOnWhenARankIsKilled() {
        TestJob job = TestJob.tiny(30).deterministic();
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            cluster.train("undisturbed", job, 1).succeeds();
            DunlinProcess process = cluster.train(
                    "disturbed", job.with("parallel.shard", "\"zero3\"").with("launch.restarts", 1), 3);
            RunFolder run = cluster.run("disturbed");
            run.awaitStep(8);
            DunlinProcess.signal(run.rankPids().get(1), "KILL");
            process.succeeds();

            assertThat(process.text()).contains("ended by signal 9");
            assertThat(run.steps()).isEqualTo(cluster.run("undisturbed").steps());
            assertThat(SavedTensors.digests(run, 30)).isEqualTo(SavedTensors.digests(cluster.run("undisturbed"), 30));
        }
    }

    @Test
    void shouldGoOnUnderAnotherSchemeAndNumberOfRanks() {
        TestJob job = TestJob.tiny(40).deterministic();
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            cluster.train("whole", job, 1).succeeds();
            RunFolder whole = cluster.run("whole");

            cluster.train("parts", job.with("train.steps", 10).with("parallel.shard", "\"zero3\""), 4)
                    .succeeds();
            RunFolder parts = cluster.run("parts");
            resume(cluster, parts, "3", 20, "zero1");
            resume(cluster, parts, "1", 30, "none");
            resume(cluster, parts, "2", 40, "zero++");

            assertThat(parts.steps()).isEqualTo(whole.steps());
            assertThat(SavedTensors.digests(parts, 40)).isEqualTo(SavedTensors.digests(whole, 40));
        }
    }

    private static void resume(LocalCluster cluster, RunFolder run, String ranks, int steps, String scheme) {
        cluster.start(
                        "resume",
                        run.path().toString(),
                        "--ranks",
                        ranks,
                        "--set",
                        "train.steps=" + steps,
                        "--set",
                        "parallel.shard=\"" + scheme + "\"")
                .succeeds();
    }
}
