package io.dunlin.launcher.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.launcher.report.JsonLine;
import io.dunlin.launcher.report.LiveFile;
import io.dunlin.launcher.report.Phase;
import io.dunlin.launcher.report.RunFile;
import io.dunlin.launcher.report.RunFolder;
import io.dunlin.launcher.report.Surroundings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class StatusCommandTest {
    private static final Instant NOW = Instant.parse("2026-11-22T21:04:00Z");

    @TempDir
    private Path folder;

    private final RecordedTerminal recorded = new RecordedTerminal();
    private RunFolder run = new RunFolder(Path.of(""));

    @BeforeEach
    void makeARun() throws IOException {
        run = new RunFolder(folder.resolve("1122-2104-tiny-0001"));
        Files.createDirectories(run.checkpoints());
        Files.writeString(run.job(), "");
    }

    private void write(String state, long lastStep) throws IOException {
        Files.writeString(
                run.facts(),
                JsonLine.pretty(new RunFile.Facts(
                        "tiny",
                        state,
                        "2026-11-22T21:00:00Z",
                        "2026-11-22T21:03:00Z",
                        1000,
                        lastStep,
                        lastStep,
                        List.of("dunlin", "train"),
                        4711,
                        2,
                        "ipc",
                        List.of(),
                        List.of(),
                        new Surroundings.Software("0.1", "", "25", List.of(), List.of()))));
    }

    private String status(String... arguments) {
        int exit = new CommandLine(new StatusCommand(recorded.terminal(), Clock.fixed(NOW, ZoneOffset.UTC)))
                .execute(arguments);
        assertThat(exit).isZero();
        return recorded.out();
    }

    @Test
    void shouldShowARunThatHasEnded() throws IOException {
        write("stopped", 120);

        assertThat(status(run.root().toString()))
                .contains("state      stopped     step 120 of 1,000")
                .contains("agent gone")
                .contains("dunlin resume " + run.root());
    }

    @Test
    void shouldCallARunKilledWhoseAgentIsGoneWithoutAWord() throws IOException {
        write("running", 0);
        Files.writeString(
                run.live(),
                JsonLine.write(new LiveFile.Live(
                        NOW.toString(), 2, List.of(new LiveFile.RankLine(0, 1, Phase.STEP, 77, 2.5, NOW.toString())))));

        assertThat(status(run.root().toString()))
                .contains("killed      step 77 of 1,000")
                .doesNotContain("last word");
    }

    @Test
    void shouldShowARunWithoutFactsAsNew() {
        assertThat(status(run.root().toString())).contains("state      new         step 0");
    }
}
