package io.dunlin.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Any rank may be killed at any moment: the run goes on from the newest checkpoint and ends as if nothing had been. */
class KillAnyRankTest {
    private static final int RANKS = 4;
    private static final int KILLS = Integer.getInteger("dunlin.test.kills", 3);
    private static final long SEED = Long.getLong("dunlin.test.seed", 1);

    /** This one falls on a generation that has only just started; the others on training. */
    private static final int EARLY = 2;

    @TempDir
    private Path folder;

    @Test
    void shouldEndWithTheLossesOfAnUndisturbedRun() {
        Random random = new Random(SEED);
        TestJob job = TestJob.tiny(1_000_000)
                .deterministic()
                .with("checkpoint.interval", 7)
                .with("launch.restarts", KILLS)
                .with("launch.backoff", "\"10ms\"");
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            DunlinProcess process = cluster.train("disturbed", job, RANKS);
            RunFolder run = cluster.run("disturbed");
            run.awaitStep(2);
            for (int kill = 1; kill <= KILLS; kill++) {
                boolean early = kill == EARLY;
                if (!early) {
                    // Beyond the step that failed last: the same step is not allowed to fail twice in a row.
                    run.awaitStep(run.lastStep() + 2);
                    pass(Duration.ofMillis(random.nextInt(600)));
                }
                long generation = generation(run);
                int rank = random.nextInt(RANKS);
                long pid = run.rankPids().get(rank);

                DunlinProcess.signal(pid, "KILL");

                process.line("!! rank %d \\(pid %d\\) ended by signal 9 %s"
                        .formatted(rank, pid, early ? "(before the first|at) step" : "at step \\d+"));
                await("the next generation").atMost(DunlinProcess.PATIENCE).until(() -> generation(run) > generation);
            }
            run.awaitStep(run.lastStep() + 2);
            run.create("STOP");
            process.endsWith(75);

            long last = run.lastStep();
            cluster.train("undisturbed", job.with("train.steps", last), 1).succeeds();
            RunFolder undisturbed = cluster.run("undisturbed");
            assertThat(run.steps()).hasSize((int) last).isEqualTo(undisturbed.steps());
            assertThat(SavedTensors.digests(run, last)).isEqualTo(SavedTensors.digests(undisturbed, last));
        }
    }

    @Test
    void shouldNameRankPidSignalAndStepLast() {
        TestJob job = TestJob.tiny(1_000_000).with("launch.restarts", 0).with("checkpoint.interval", 5);
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            DunlinProcess process = cluster.train("killed", job, 2);
            RunFolder run = cluster.run("killed");
            run.awaitStep(12);
            List<Long> pids = run.rankPids();

            DunlinProcess.signal(pids.get(1), "KILL");

            process.endsWith(10);
            List<String> console = process.console();
            String end = String.join("\n", console.subList(Math.max(0, console.size() - 5), console.size()));
            assertThat(end)
                    .containsPattern(
                            "cause +rank 1 \\(pid %d\\) ended by signal 9 at step \\d+".formatted(pids.get(1)));
            assertThat(end).contains("log/rank-00001.log");
            assertThat(process.text()).doesNotContain("\tat ").contains("DUN-202");
            assertThat(pids).noneMatch(Host::runs);
            assertThat(run.savedSteps()).isNotEmpty();
            assertThat(Host.sharedFolders(process.pid())).isEmpty();
        }
    }

    private static long generation(RunFolder run) {
        return run.json().get("generation").asLong();
    }

    /** Lets a random time pass, so that the kill falls on any moment. */
    private static void pass(Duration time) {
        await().pollDelay(time).pollInterval(Duration.ofMillis(1)).until(() -> true);
    }
}
