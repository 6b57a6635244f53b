package io.dunlin.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Asked to stop, a run finishes its step, saves, and ends with 75; asked to save, it saves and goes on. */
class StopAndSaveTest {
    private static final int STOPPED = 75;

    @TempDir
    private Path folder;

    /** Far longer than anybody waits, saved only on request. */
    private static final TestJob ENDLESS =
            TestJob.tiny(1_000_000).deterministic().with("checkpoint.interval", 0);

    @ParameterizedTest
    @ValueSource(strings = {"SIGTERM", "SIGINT", "STOP"})
    void shouldSaveAndEndWith75(String request) {
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            DunlinProcess process = cluster.train("stopped", ENDLESS, 2);
            RunFolder run = cluster.run("stopped");
            run.awaitStep(5);

            switch (request) {
                case "SIGTERM" -> process.signal("TERM");
                case "SIGINT" -> process.signal("INT");
                default -> run.create("STOP");
            }

            process.endsWith(STOPPED);
            long last = run.lastStep();
            assertThat(run.savedSteps()).containsExactly(last);
            assertThat(run.json().get("state").asString()).isEqualTo("stopped");
            assertThat(run.path().resolve("STOP")).doesNotExist();
            assertThat(run.rankPids()).hasSize(2).noneMatch(Host::runs);
        }
    }

    @Test
    void shouldGoOnAsIfItHadNotBeenStopped() {
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            DunlinProcess process = cluster.train("stopped", ENDLESS, 2);
            RunFolder run = cluster.run("stopped");
            run.awaitStep(5);
            String whileRunning =
                    cluster.start("status", run.path().toString()).succeeds().text();
            assertThat(whileRunning)
                    .contains("running")
                    .contains(run.rankPids().get(1).toString());
            cluster.start("stop", run.path().toString()).succeeds();
            process.endsWith(STOPPED);
            long end = run.lastStep() + 5;
            assertThat(cluster.start("status", run.path().toString()).succeeds().text())
                    .contains("stopped");

            cluster.start("resume", run.path().toString(), "--set", "train.steps=" + end)
                    .succeeds();

            cluster.train("undisturbed", ENDLESS.with("train.steps", end), 1).succeeds();
            assertThat(run.steps()).isEqualTo(cluster.run("undisturbed").steps());
        }
    }

    @Test
    void shouldSaveAndGoOn() {
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            DunlinProcess process = cluster.train("saved", ENDLESS, 1);
            RunFolder run = cluster.run("saved");
            run.awaitStep(5);

            run.create("SAVE");

            Awaitility.await().atMost(DunlinProcess.PATIENCE).until(() -> !run.savedSteps()
                    .isEmpty());
            long saved = run.savedSteps().getFirst();
            run.awaitStep(saved + 5);
            assertThat(Files.exists(run.path().resolve("SAVE"))).isFalse();
            process.signal("TERM");
            process.endsWith(STOPPED);
        }
    }
}
