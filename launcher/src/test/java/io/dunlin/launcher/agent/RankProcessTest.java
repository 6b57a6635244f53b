package io.dunlin.launcher.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.launcher.report.Phase;
import io.dunlin.launcher.report.Report;
import io.dunlin.launcher.worker.Command;
import io.dunlin.launcher.worker.LaunchSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real processes, but small ones: shell scripts that speak a rank's part. */
class RankProcessTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @TempDir
    Path folder;

    private final LiveTimeline timeline = new LiveTimeline(Clock.systemUTC());

    private RankProcess start(String script) throws IOException {
        LaunchSpec spec = new LaunchSpec(
                "run",
                folder,
                "",
                1,
                2,
                7,
                "h",
                "",
                LaunchSpec.Network.NONE,
                1,
                LaunchSpec.DataFiles.NONE,
                LaunchSpec.Start.SCRATCH);
        return RankProcess.start(
                new ProcessBuilder("/bin/sh", "-c", script), spec, folder.resolve("rank.log"), timeline::post);
    }

    private AgentEvent next() {
        return timeline.next(timeline.nowNs() + PATIENCE.toNanos()).orElseThrow();
    }

    @Test
    void shouldHandOverReportsAndThenTheEnd() throws IOException {
        start("echo '{\"report\":\"entered\",\"phase\":\"CONNECT\"}'; exit 3");

        assertThat(next()).isEqualTo(new AgentEvent.Reported(7, 1, new Report.Entered(Phase.CONNECT)));
        assertThat(next()).isEqualTo(new AgentEvent.Exited(7, 1, new RankExit(3)));
    }

    @Test
    void shouldTellASignalFromAnExit() throws IOException {
        start("kill -9 $$");

        AgentEvent.Exited exited = (AgentEvent.Exited) next();
        assertThat(exited.exit().describe()).isEqualTo("ended by signal 9");
        assertThat(new RankExit(75).describe()).isEqualTo("exited with 75");
    }

    @Test
    void shouldGiveTheSpecificationFirstAndCommandsAfterIt() throws IOException {
        RankProcess rank = start("read spec; read command; echo \"$spec\" >&2; echo \"$command\" >&2");

        rank.send(new Command.Abort("rank 0 ended by signal 9"));

        assertThat(next()).isInstanceOf(AgentEvent.Exited.class);
        assertThat(Files.readString(rank.log()))
                .containsSubsequence("\"generation\":7", "\"command\":\"abort\"", "rank 0 ended by signal 9");
    }

    @Test
    void shouldKeepWhateverElseIsPrintedInTheLog() throws IOException {
        RankProcess rank = start("echo onednn_verbose,info; echo complaint >&2");

        assertThat(next()).isInstanceOf(AgentEvent.Exited.class);
        assertThat(Files.readString(rank.log())).contains("onednn_verbose,info").contains("complaint");
    }

    @Test
    void shouldSayWhetherAProcessIsStopped() throws IOException, InterruptedException {
        RankProcess rank = start("echo '{\"report\":\"where\",\"frames\":[]}'; kill -STOP $$; exit 0");
        next();

        org.awaitility.Awaitility.await().atMost(PATIENCE).until(() -> rank.state()
                .equals("stopped by a signal"));
        rank.kill();

        assertThat(next()).isEqualTo(new AgentEvent.Exited(7, 1, new RankExit(137)));
        assertThat(rank.state()).isEqualTo("ended");
    }

    @Test
    void shouldNotMindCommandsForAProcessThatHasEnded() throws IOException {
        RankProcess rank = start("exit 0");
        next();

        rank.send(new Command.Go());
        rank.kill();

        assertThat(timeline.next(timeline.nowNs())).isEmpty();
    }
}
