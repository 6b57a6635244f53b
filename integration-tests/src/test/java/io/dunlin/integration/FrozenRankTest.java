package io.dunlin.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A rank that stands still is found within the deadline and named; whoever is in a hurry can leave at once. */
class FrozenRankTest {
    private static final int STOPPED = 75;
    private static final int INTERRUPTED = 130;

    private static final TestJob ENDLESS = TestJob.tiny(1_000_000).with("checkpoint.interval", 5);

    @TempDir
    private Path folder;

    @Test
    void shouldNameTheRankThatStandsStillAndGoOn() {
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            DunlinProcess process = cluster.train("frozen", ENDLESS.with("timeouts.step", "\"3s\""), 2);
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
    void shouldLeaveAtOnceWhenInterruptedTwice() {
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            DunlinProcess process = cluster.train("hurried", ENDLESS, 2);
            RunFolder run = cluster.run("hurried");
            run.awaitStep(7);
            List<Long> pids = run.rankPids();
            DunlinProcess.signal(pids.get(0), "STOP"); // else the first interrupt might be enough

            process.signal("INT");
            process.line("SIGINT");
            process.signal("INT");

            process.endsWith(INTERRUPTED);
            assertThat(pids).noneMatch(Host::runs);
            assertThat(Host.sharedFolders(process.pid())).isEmpty();
        }
    }
}
