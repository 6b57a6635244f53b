package io.dunlin.launcher.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dunlin.checkpoint.CheckpointFolder;
import io.dunlin.checkpoint.CheckpointWriter;
import io.dunlin.checkpoint.CommitPermit;
import io.dunlin.checkpoint.ModelFacts;
import io.dunlin.checkpoint.Peers;
import io.dunlin.checkpoint.RunContent;
import io.dunlin.checkpoint.RunState;
import io.dunlin.checkpoint.format.LocalStorage;
import io.dunlin.data.DataPosition;
import io.dunlin.device.cpu.CpuDevice;
import io.dunlin.device.cpu.CpuOptions;
import io.dunlin.launcher.job.JobFile;
import io.dunlin.launcher.job.JobFileException;
import io.dunlin.launcher.job.ResolvedJob;
import io.dunlin.launcher.report.RunFolder;
import io.dunlin.model.Model;
import io.dunlin.model.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The verbs that look at a run which has been trained. */
final class RunVerbsTest {
    private final RecordedTerminal recorded = new RecordedTerminal();
    private final CommandLineTool tool = new CommandLineTool(recorded.terminal(), "io.dunlin.launcher.Dunlin");

    @TempDir
    private Path parent;

    private RunFolder run = new RunFolder(Path.of(""));

    @BeforeEach
    void shouldHaveARunWithTwoCheckpoints() throws IOException {
        run = new RunFolder(Files.createDirectories(parent.resolve("run")));
        ResolvedJob job = JobFile.parse("data.text = \"jdk-source\"\n");
        Files.writeString(run.job(), job.toml());
        Map<String, String> facts =
                new HashMap<>(ModelFacts.of(job.job().model().config()));
        facts.put("data.tokenizer", "byte");
        try (CpuDevice device = CpuDevice.open(CpuOptions.plain())) {
            Model model = Model.create(job.job().model().config(), device, Precision.F32);
            model.initialise(1);
            CheckpointWriter writer = new CheckpointWriter(
                    new CheckpointFolder(run.checkpoints(), new LocalStorage()),
                    Peers.alone(),
                    1,
                    CommitPermit.GRANTED,
                    InstantSource.system());
            writer.begin(0);
            for (long step : new long[] {10, 20}) {
                RunState state = new RunState(step, step * 512, DataPosition.START, step, facts);
                writer.save(state, RunContent.weights(model.parameters()));
            }
        }
    }

    @Test
    void shouldListCheckpointsNewestFirst() {
        assertThat(tool.run("ckpt", "ls", run.root().toString())).isZero();
        assertThat(recorded.out().lines().map(line -> line.replaceAll(" +", " ").strip()))
                .containsExactly(
                        "checkpoint step files size val loss",
                        "step-00000020 20 1 485 kB",
                        "step-00000010 10 1 485 kB");
    }

    @Test
    void shouldShowWhatTheNewestHolds() {
        assertThat(tool.run("ckpt", "show", run.root().toString(), "--tensors")).isZero();
        assertThat(recorded.out())
                .containsPattern("step +20\n")
                .containsPattern("tokens +10,240\n")
                .containsPattern("by +1 rank, generation 1\n")
                .containsPattern("data.tokenizer +byte\n")
                .containsPattern("h.0.attn.c_attn.weight +f32 +.*rank-00000.safetensors\n");
    }

    @Test
    void shouldReadEveryByteAndFindTheOneThatIsWrong() throws IOException {
        assertThat(tool.run("ckpt", "verify", run.root().toString(), "--all")).isZero();
        assertThat(recorded.out()).contains("step-00000020  ok, 485 kB read, every checksum is right");

        Path file = run.checkpoints().resolve("step-00000020/rank-00000.safetensors");
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length - 1000] ^= 4;
        Files.write(file, bytes);

        assertThat(tool.run("ckpt", "verify", run.root().toString())).isEqualTo(12);
        assertThat(recorded.out()).contains("step-00000020  DAMAGED");
        assertThat(recorded.err()).startsWith("DUN-307  ").contains("rank-00000.safetensors");
    }

    @Test
    void shouldWriteTheSameTextForTheSameSeed() {
        assertThat(tool.run("sample", run.root().toString(), "--prompt", "class ", "--tokens", "20", "--seed", "7"))
                .isZero();
        String first = recorded.out();
        assertThat(tool.run("sample", run.root().toString(), "--prompt", "class ", "--tokens", "20", "--seed", "7"))
                .isZero();

        assertThat(first).startsWith("class ").endsWith("\n");
        assertThat(recorded.out()).isEqualTo(first + first);
        assertThat(recorded.err()).isEmpty();
    }

    @Test
    void shouldExportAndImportBackToTheSameModel() {
        Path exported = parent.resolve("hf");
        Path imported = parent.resolve("imported");

        assertThat(tool.run("export", run.root().toString(), exported.toString()))
                .isZero();
        assertThat(recorded.out()).contains("exported   step 20 as").contains("logits have the same bits");
        assertThat(tool.run("import", exported.toString(), imported.toString())).isZero();
        assertThat(recorded.out()).contains("imported   gpt  2 layers x 64");
        assertThat(tool.run("sample", imported.toString(), "--tokens", "5")).isEqualTo(2);
        assertThat(recorded.err()).startsWith("DUN-131  the checkpoint does not say which tokenizer");
        assertThat(tool.run("sample", imported.toString(), "--tokens", "5", "--tokenizer", "byte"))
                .isZero();
    }

    @Test
    void shouldNeverWriteIntoAFolderThatIsThere() {
        assertThat(tool.run("import", run.root().toString(), run.root().toString()))
                .isEqualTo(2);
        assertThat(recorded.err()).startsWith("DUN-132  ");
        assertThat(tool.run("export", run.root().toString(), run.root().toString()))
                .isNotZero();
        assertThat(recorded.err()).contains("exists already");
    }

    @Test
    void shouldGiveAJobTheSizesOfTheCheckpointItStartsFrom() throws IOException {
        Path file = Files.writeString(
                parent.resolve("more.toml"), "data.text = \"jdk-source\"\nmodel.init = \"" + run.root() + "\"\n");
        ResolvedJob job = JobFile.load(file, List.of());

        assertThat(job.job().model().config())
                .isEqualTo(JobFile.load(run.job(), List.of()).job().model().config());
        assertThat(job.origin("model.width").text()).isEqualTo("from " + run.root());
        assertThat(JobFile.parse(job.toml()).job()).isEqualTo(job.job());
        assertThatThrownBy(() -> JobFile.load(file, List.of("model.preset=gpt2-124m")))
                .isInstanceOf(JobFileException.class)
                .hasMessageStartingWith(
                        "--set model.preset=gpt2-124m  [model.preset] is given together with model.init");
    }

    @Test
    void shouldSayWhatIsThereWhereNothingWasSaved() throws IOException {
        Path empty = Files.createDirectories(parent.resolve("empty"));
        Files.copy(run.job(), empty.resolve("job.toml"));

        assertThat(tool.run("ckpt", "ls", empty.toString())).isZero();
        assertThat(recorded.out()).isEqualTo("no checkpoints yet\n");
        assertThat(tool.run("ckpt", "show", empty.toString())).isEqualTo(2);
        assertThat(recorded.err()).startsWith("DUN-133  ");
        assertThat(tool.run("sample", empty.toString())).isEqualTo(12);
    }

    @Test
    void shouldPrepareATextOnceAndFindItAgain() throws IOException {
        Path text = Files.writeString(parent.resolve("poem.txt"), "The dunlin runs along the shore.\n".repeat(400));
        String cache = parent.resolve("cache").toString();

        assertThat(tool.run("data", "prepare", text.toString(), "--out", cache)).isZero();
        assertThat(recorded.out()).startsWith("prepared   13.2 kB in 1 texts, tokenizer byte");
        assertThat(tool.run("data", "prepare", text.toString(), "--out", cache)).isZero();
        assertThat(recorded.out()).contains("found      13.2 kB");
        assertThat(tool.run("data", "prepare", parent.resolve("none").toString()))
                .isEqualTo(2);
        assertThat(recorded.err()).startsWith("DUN-602  ");
    }

    @Test
    void shouldMeasureAStepAndWriteItAsJson() throws IOException {
        Path json = parent.resolve("step.json");

        assertThat(tool.run("bench", "step", "--preset", "debug", "--steps", "2", "--json", json.toString()))
                .isZero();
        assertThat(recorded.out()).contains("tokens/s").contains("everything else");
        assertThat(Files.readString(json)).contains("\"tokens_per_second\"", "\"peak_rss_bytes\"");
        assertThat(tool.run("bench", "step", "--preset", "debug", "--precision", "fp8"))
                .isEqualTo(2);
        assertThat(recorded.err()).startsWith("DUN-100  --precision expects fp32 or bf16, found fp8");
    }
}
