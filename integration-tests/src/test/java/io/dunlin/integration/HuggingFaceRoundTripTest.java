package io.dunlin.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A Hugging Face model comes in, trains on two ranks, goes out, and comes in again as it was. */
class HuggingFaceRoundTripTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"gpt2-tiny", "llama-tiny"})
    void shouldComeBackAsItWent(String name) {
        Path fixture =
                Repository.root().resolve("runtime/src/test/resources/fixtures").resolve(name);
        TestJob job = new TestJob(new TreeMap<>(Map.of(
                "model.init", "\"imported\"",
                "data.text", "\"text.txt\"",
                "train.steps", "3",
                "train.micro_batch", "2",
                "train.tokens_per_step", "512",
                "optimizer.schedule", "{ kind = \"constant\", warmup = 0 }",
                "observe.log_every", "1")));
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            cluster.start("import", fixture.toString(), "imported").succeeds();
            cluster.train("tuned", job, 2).succeeds();
            RunFolder run = cluster.run("tuned");
            assertThat(run.steps()).hasSize(3);

            String exported = cluster.start("export", run.path().toString(), "exported")
                    .succeeds()
                    .text();
            cluster.start("import", "exported", "again").succeeds();
            cluster.start("export", "again", "exported-again").succeeds();

            assertThat(exported).contains("ok");
            assertThat(folder.resolve("exported/config.json")).exists();
            assertThat(folder.resolve("exported/model.safetensors"))
                    .hasSameBinaryContentAs(folder.resolve("exported-again/model.safetensors"));
        }
    }
}
