package io.dunlin.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A rank that stands still is found within the deadline and named; whoever is in a hurry can leave at once. */
class FrozenRankTest {
    private static final int HANG = 11;
    private static final int STOPPED = 75;
    private static final int INTERRUPTED = 130;

    private static final TestJob ENDLESS = TestJob.tiny(1_000_000).with("checkpoint.interval", 5);

    @TempDir
    private Path folder;

    @Test
    void shouldNameTheRankThatItsPeersMissAndGoOn() {
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            DunlinProcess process = cluster.train("frozen", ENDLESS, 2);
            RunFolder run = cluster.run("frozen");
            run.awaitStep(7);
            List<Long> pids = run.rankPids();

            DunlinProcess.signal(pids.get(1), "STOP");

            process.line(
                    "!! rank 1 \\(pid %d\\) did not react .*stopped by a signal.* at step \\d+".formatted(pids.get(1)));
            process.line("back at step \\d+ after .* s: detect");
            run.awaitStep(run.lastStep() + 2);
            process.signal("TERM");
            process.endsWith(STOPPED);
            assertThat(pids).noneMatch(Host::runs);
            assertThat(run.steps()).hasSize((int) run.lastStep());
        }
    }

    @Test
    void shouldEndWhereNobodyMissesTheRank() {
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            DunlinProcess process = cluster.train("alone", ENDLESS.with("timeouts.step", "\"3s\""), 1);
            RunFolder run = cluster.run("alone");
            run.awaitStep(7);
            List<Long> pids = run.rankPids();

            DunlinProcess.signal(pids.getFirst(), "STOP");

            process.endsWith(HANG);
            assertThat(process.text())
                    .contains("!! no progress for 3.0 s in phase step")
                    .containsPattern("rank 0 \\(pid %d\\) .*stopped by a signal".formatted(pids.getFirst()))
                    .contains("DUN-206");
            assertThat(pids).noneMatch(Host::runs);
            assertThat(run.savedSteps()).isNotEmpty();
        }
    }

    @Test
    void shouldLeaveAtOnceWhenInterruptedAgain() {
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            DunlinProcess process = cluster.train("hurried", ENDLESS, 2);
            RunFolder run = cluster.run("hurried");
            run.awaitStep(7);
            List<Long> pids = run.rankPids();
            DunlinProcess.signal(pids.getFirst(), "STOP"); // else the first interrupt might be enough

            process.signal("INT");
            process.line("asked for by SIGINT");
            // A second interrupt counts only if it is not the echo of the first.
            await().atMost(DunlinProcess.PATIENCE)
                    .pollInterval(Duration.ofMillis(300))
                    .until(() -> {
                        process.signalIfRunning("INT");
                        return !process.running();
                    });

            process.endsWith(INTERRUPTED);
            assertThat(pids).noneMatch(Host::runs);
            assertThat(Host.sharedFolders(process.pid())).isEmpty();
        }
    }
}
