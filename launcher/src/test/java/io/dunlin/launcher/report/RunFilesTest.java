package io.dunlin.launcher.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.Topology;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RunFilesTest {
    private static final Instant NOW = Instant.parse("2026-11-22T21:04:00Z");

    @TempDir
    private Path folder;

    private final List<String> troubles = new ArrayList<>();

    @Test
    void shouldNameAFolderAfterTimeAndJob() {
        assertThat(RunFolder.named(Path.of("runs"), "gpt2", LocalDateTime.parse("2026-11-22T21:04:59"), 0xa7f3a)
                        .root())
                .isEqualTo(Path.of("runs/1122-2104-gpt2-7f3a"));
    }

    @Test
    void shouldWriteALineForEachReportedStepAndValidationLoss() throws IOException {
        Path file = folder.resolve("metrics.jsonl");
        try (MetricsFile metrics = new MetricsFile(file, 10, troubles::add)) {
            for (long step = 1; step <= 20; step++) {
                metrics.on(NOW, new RunEvent.FromRank(0, step(step, 2.5)));
                metrics.on(NOW, new RunEvent.FromRank(1, step(step, 2.5)));
            }
            metrics.on(NOW, new RunEvent.FromRank(0, new Report.Evaluated(20, 2.25, 1, 1, true)));
        }

        assertThat(Files.readAllLines(file))
                .hasSize(4)
                .first()
                .isEqualTo(
                        "{\"time\":\"2026-11-22T21:04:00Z\",\"step\":1,\"loss\":2.5,\"grad_norm\":1.5,\"lr\":6.0E-4,"
                                + "\"tokens_per_second\":51200.0,\"data_wait\":0.005,\"comm\":0.2,\"exposed_comm_ms\":4.0,\"tokens\":1024,\"updated\":true}");
        assertThat(Files.readAllLines(file))
                .last()
                .isEqualTo("{\"time\":\"2026-11-22T21:04:00Z\",\"step\":20,\"val_loss\":2.25}");
        assertThat(troubles).isEmpty();
    }

    @Test
    void shouldWriteWhatWasSentBesideWhatWasPlanned() throws IOException {
        Path file = folder.resolve("metrics.jsonl");
        Report sent = new Report.Sent(20, 19, List.of(new Report.LevelBytes(Topology.Scale.CLUSTER, 700, 800)));
        try (MetricsFile metrics = new MetricsFile(file, 10, troubles::add)) {
            metrics.on(NOW, new RunEvent.FromRank(0, sent));
        }

        assertThat(Files.readAllLines(file))
                .containsExactly("{\"time\":\"2026-11-22T21:04:00Z\",\"step\":20,\"counted_steps\":19,"
                        + "\"sent\":[{\"level\":\"cluster\",\"planned_bytes\":700,\"counted_bytes\":800}]}");
    }

    @Test
    void shouldWriteHowFaithfulQuantisedMessagesWere() throws IOException {
        Path file = folder.resolve("metrics.jsonl");
        Report.Quantized quantized =
                new Report.Quantized(16, List.of(new Report.UnitQuality("gradients", 2, 8, 6.5, 4)));
        try (MetricsFile metrics = new MetricsFile(file, 10, troubles::add)) {
            metrics.on(NOW, new RunEvent.FromRank(0, quantized));
            metrics.on(NOW, new RunEvent.FromRank(1, quantized));
        }

        assertThat(Files.readAllLines(file))
                .containsExactly(
                        "{\"time\":\"2026-11-22T21:04:00Z\",\"step\":16,\"quantized\":[{\"purpose\":\"gradients\","
                                + "\"unit\":2,\"bits\":8,\"snr_db\":6.5,\"snr_bits\":4}]}");
    }

    @Test
    void shouldGoOnBelowALineThatWasTorn() throws IOException {
        Path file = folder.resolve("metrics.jsonl");
        Files.writeString(file, "{\"step\":1}\n{\"st", StandardOpenOption.CREATE);
        try (MetricsFile metrics = new MetricsFile(file, 10, troubles::add)) {
            metrics.on(NOW, new RunEvent.FromRank(0, step(2, 2.5)));
        }

        assertThat(Files.readAllLines(file)).hasSize(3).element(1).isEqualTo("{\"st");
        assertThat(JsonLine.read(Files.readAllLines(file).getLast(), MetricsFile.StepMetrics.class))
                .hasValueSatisfying(line -> assertThat(line.step()).isEqualTo(2));
    }

    @Test
    void shouldGoOnWithoutMetricsWhereTheyCannotBeWritten() {
        try (MetricsFile metrics = new MetricsFile(folder, 10, troubles::add)) {
            metrics.on(NOW, new RunEvent.FromRank(0, step(1, 2.5)));
            metrics.on(NOW, new RunEvent.FromRank(0, step(10, 2.5)));
        }

        assertThat(troubles).singleElement().asString().startsWith("metrics.jsonl is not written any more");
    }

    @Test
    void shouldRecordWhatRunsWhereAndReplaceTheFileAsAWhole() throws IOException {
        RunFolder run = new RunFolder(folder);
        Surroundings around = new Surroundings(
                new Surroundings.Host("n1", "Linux 6", "amd64", 2, 1L << 34),
                new Surroundings.Software("0.1", "abc", "25", List.of("-Xmx1g"), List.of("a.jar")));
        RunFile file = new RunFile(run.facts(), around, List.of("train", "job.toml"), troubles::add);
        file.on(NOW, new RunEvent.Started(folder, "job", 2, "ipc", 200));
        file.on(
                NOW,
                new RunEvent.RanksStarted(
                        3,
                        List.of(
                                new RunEvent.Rank(0, "", 100, 1, run.log(0)),
                                new RunEvent.Rank(1, "n2", 101, 1, run.log(1)))));

        assertThat(read(run)).satisfies(facts -> {
            assertThat(facts.state()).isEqualTo("running");
            assertThat(facts.commandLine()).containsExactly("train", "job.toml");
            assertThat(facts.generation()).isEqualTo(3);
            assertThat(facts.ranks()).extracting(RunFile.RankFacts::pid).containsExactly(100L, 101L);
            assertThat(facts.ranks()).extracting(RunFile.RankFacts::host).containsExactly("n1", "n2");
            assertThat(facts.agentPid()).isEqualTo(ProcessHandle.current().pid());
            assertThat(facts.software().dunlin()).isEqualTo("0.1");
        });

        file.on(NOW, new RunEvent.Ended(RunEvent.Outcome.FINISHED, 200, 200, Duration.ofSeconds(1), "", "", ""));
        assertThat(read(run).state()).isEqualTo("finished");
        assertThat(read(run).lastStep()).isEqualTo(200);
        try (var files = Files.list(folder)) {
            assertThat(files).containsExactly(run.facts());
        }
    }

    @Test
    void shouldComplainAndGoOnWhereItCannotWrite() {
        RunFile file =
                new RunFile(folder.resolve("none/run.json"), Surroundings.look(folder), List.of(), troubles::add);
        file.on(NOW, new RunEvent.Started(folder, "job", 2, "ipc", 200));

        assertThat(troubles).singleElement().asString().startsWith("run.json cannot be written");
    }

    @Test
    void shouldLookAroundOnThisMachine() throws IOException {
        Path options = folder.resolve("jvm.options");
        Files.writeString(options, "# comment\n-Xmx1g\n\n");

        Surroundings here = Surroundings.look(options);
        assertThat(here.host().cores()).isPositive();
        assertThat(here.host().memory()).isGreaterThan(1L << 28);
        assertThat(here.software().flags()).containsExactly("-Xmx1g");
        assertThat(here.software().java()).startsWith("25");
    }

    private static RunFile.Facts read(RunFolder run) throws IOException {
        return JsonLine.read(Files.readString(run.facts()), RunFile.Facts.class).orElseThrow();
    }

    private static Report.Step step(long step, double loss) {
        return new Report.Step(step, 20, loss, 1.5, 6e-4, true, 1024, step * 1024, 20_000_000, 100_000, 4_000_000, 1);
    }
}
