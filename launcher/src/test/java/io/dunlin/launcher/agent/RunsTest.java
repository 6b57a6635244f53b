package io.dunlin.launcher.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dunlin.launcher.report.RunFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunsTest {
    private static final LocalDateTime NOW = LocalDateTime.of(2026, 11, 22, 21, 4);

    @TempDir
    Path folder;

    private RunFolder run(String name, int ageSeconds) throws IOException {
        RunFolder run = Runs.createAt(folder.resolve(name));
        Files.writeString(run.job(), "");
        Files.setLastModifiedTime(run.job(), FileTime.from(Instant.ofEpochSecond(1_000_000 - ageSeconds)));
        return run;
    }

    @Test
    void shouldNameARunAfterTimeAndJob() {
        RunFolder run = new Runs(folder).create("GPT2 124m / test", NOW, new Random(1));

        assertThat(run.root().getFileName().toString()).matches("1122-2104-gpt2-124m-test-[0-9a-f]{4}");
        assertThat(run.logs()).isDirectory();
        assertThat(run.checkpoints()).isDirectory();
    }

    @Test
    void shouldNeverGiveTwoRunsTheSameFolder() {
        Runs runs = new Runs(folder);

        assertThat(runs.create("a", NOW, new Random(1)).root())
                .isNotEqualTo(runs.create("a", NOW, new Random(1)).root());
    }

    @Test
    void shouldFindARunByPathNameBeginningOrLast() throws IOException {
        RunFolder old = run("1122-2104-a-0001", 20);
        RunFolder young = run("1122-2105-b-0002", 10);
        Runs runs = new Runs(folder);

        assertThat(runs.find(old.root().toString())).isEqualTo(old);
        assertThat(runs.find("1122-2104-a-0001")).isEqualTo(old);
        assertThat(runs.find("1122-2104")).isEqualTo(old);
        assertThat(runs.find("last")).isEqualTo(young);
        assertThat(runs.all()).containsExactly(old, young);
    }

    @Test
    void shouldSayWhatIsNoRun() throws IOException {
        Runs runs = new Runs(folder);
        assertThatThrownBy(() -> runs.find("last")).hasMessageContaining("no run");
        run("1122-2104-a-0001", 20);
        run("1122-2105-b-0002", 10);

        assertThatThrownBy(() -> runs.find("nothing"))
                .isInstanceOf(LaunchException.class)
                .hasMessageContaining("not a run folder");
        assertThatThrownBy(() -> runs.find("1122")).hasMessageContaining("2 runs begin like that");
        assertThatThrownBy(() -> Runs.createAt(folder.resolve("1122-2104-a-0001")))
                .hasMessageContaining("holds a run already");
    }

    @Test
    void shouldSayWhereNothingCanBeWritten() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "");

        assertThatThrownBy(() -> new Runs(file.resolve("runs")).create("a", NOW, new Random(1)))
                .isInstanceOf(LaunchException.class)
                .extracting(e -> ((LaunchException) e).code())
                .isEqualTo("DUN-405");
    }

    @Test
    void shouldRemoveARunThatNeverStartedAndNoOther() throws IOException {
        RunFolder unstarted = run("1122-2104-a-0001", 0);
        RunFolder started = run("1122-2104-b-0002", 0);
        Files.writeString(started.log(0), "x");

        Runs.discardUnstarted(unstarted);
        Runs.discardUnstarted(started);

        assertThat(unstarted.root()).doesNotExist();
        assertThat(started.job()).exists();
    }

    @Test
    void shouldLetOneAgentTrainARun() throws IOException {
        RunFolder run = run("1122-2104-a-0001", 0);

        assertThat(RunLock.taken(run)).isFalse();
        try (RunLock mine = RunLock.take(run)) {
            assertThatThrownBy(() -> RunLock.take(run)).hasMessageContaining("another agent");
        }
        assertThat(RunLock.taken(run)).isFalse();
        assertThat(RunLock.awaitRelease(run, java.time.Duration.ofSeconds(20))).isTrue();
    }

    @Test
    void shouldTakeSwitchFilesAwayAsItObeysThem() throws IOException {
        RunFolder run = run("1122-2104-a-0001", 0);
        List<AgentEvent> asked = new ArrayList<>();
        try (SwitchFiles switches = new SwitchFiles(run, asked::add)) {
            Files.writeString(run.stopRequest(), "");
            switches.discard();
            switches.look();
            assertThat(asked).isEmpty();

            Files.writeString(run.stopRequest(), "");
            Files.writeString(run.saveRequest(), "");
            switches.look();
            switches.look();
        }

        assertThat(asked)
                .containsExactly(
                        new AgentEvent.Asked(AgentEvent.Ask.SAVE, "file SAVE"),
                        new AgentEvent.Asked(AgentEvent.Ask.STOP, "file STOP"));
        assertThat(run.stopRequest()).doesNotExist();
    }
}
