package io.dunlin.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rank processes whose messages have fewer bits: what these carry from step to step is in the checkpoint. */
class QuantizedRanksTest {
    /** A unit falls back at step 16; what gradients lost is forgotten at steps 7, 14 and 21. */
    private static final TestJob JOB = TestJob.tiny(24)
            .with("parallel.shard", "\"zero++\"")
            .with("parallel.topology", "\"2x2\"")
            .with("parallel.zero_quantized_weights", true)
            .with("parallel.zero_quantized_gradients", true)
            .with("parallel.zero_quantized_block", 32)
            .with("parallel.zero_quantized_snr_db", 25)
            .with("parallel.zeropp_loco_param", "{ err_beta = 0.8, reset_T = 7 }");

    @TempDir
    private Path folder;

    /** Losses, weights, moments, bits and errors, to the last bit. */
    @Test
    void shouldGoOnAsIfNothingHadBeen() {
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            String text = cluster.train("undisturbed", JOB, 4).succeeds().text();
            RunFolder undisturbed = cluster.run("undisturbed");
            assertThat(text)
                    .containsOnlyOnce("unit 1: gradients had ")
                    .contains(" with 4 bits, and have 8 from now on");

            cluster.train("parts", JOB.with("train.steps", 10), 4).succeeds();
            RunFolder parts = cluster.run("parts");
            assertThat(resume(cluster, parts, 18, "4", "2x2")).contains("and have 8 from now on");
            assertThat(resume(cluster, parts, 24, "4", "2x2")).doesNotContain("from now on", "begin anew");

            assertThat(parts.steps()).isEqualTo(undisturbed.steps());
            Map<String, String> expected = SavedTensors.digests(undisturbed, 24);
            assertThat(expected)
                    .containsKeys(
                            "quantization.steps",
                            "quantization.agreed/weights/unit.0",
                            "quantization.carried.inside/gradients/unit.1/rank.3",
                            "quantization.carried.between/gradients/unit.1/host.1");
            assertThat(SavedTensors.digests(parts, 24)).isEqualTo(expected);
        }
    }

    @Test
    void shouldSayWhatAnotherLayoutDoesNotTakeOver() {
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            cluster.train("run", JOB.with("train.steps", 10), 4).succeeds();
            RunFolder run = cluster.run("run");

            assertThat(resume(cluster, run, 12, "2", "1x2"))
                    .containsOnlyOnce("was saved by 4 ranks in another layout")
                    .contains("what was lost on ranks that are no more is dropped");
            assertThat(resume(cluster, run, 14, "4", "2x2")).containsOnlyOnce("was saved by 2 ranks in another layout");
            assertThat(run.steps()).hasSize(14);
        }
    }

    private static String resume(LocalCluster cluster, RunFolder run, int steps, String ranks, String topology) {
        return cluster.start(
                        "resume",
                        run.path().toString(),
                        "--ranks",
                        ranks,
                        "--set",
                        "train.steps=" + steps,
                        "--set",
                        "parallel.topology=\"" + topology + "\"")
                .succeeds()
                .text();
    }
}
