package io.dunlin.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rank processes train the same however tensors are sharded, and a run goes on under another scheme as if nothing had been. */
class ShardedRanksTest {
    private static final int STEPS = 20;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"debug", "llama-debug"})
    void shouldGiveTheBitsOfOneRankUnderEveryScheme(String preset) {
        TestJob job = TestJob.tiny(STEPS)
                .with("model.preset", '"' + preset + '"')
                .with("eval.interval", 10)
                .deterministic();
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            cluster.train("alone", job, 1).succeeds();
            RunFolder alone = cluster.run("alone");

            for (String scheme : List.of("zero1", "zero2", "zero3", "hsdp", "zero++", "topo")) {
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
