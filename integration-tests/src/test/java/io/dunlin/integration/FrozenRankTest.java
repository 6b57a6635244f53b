package io.dunlin.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A rank that stands still is found within the deadline and named; whoever is in a hurry can leave at once. */
class FrozenRankTest {
    private static final int HANG = 11;
    private static final int STOPPED = 75;
    private static final int INTERRUPTED = 130;

    private static final TestJob ENDLESS = TestJob.tiny(1_000_000).with("checkpoint.interval", 5);

    @TempDir
    private Path folder;

    @Test
    void shouldNameTheRankThatItsPeersMissAndGoOn() throws IOException {
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            DunlinProcess process = cluster.train("frozen", ENDLESS, 2);
            RunFolder run = cluster.run("frozen");
            run.awaitStep(7);
            List<Long> pids = run.rankPids();

            DunlinProcess.signal(pids.get(1), "STOP");

            process.line("rank 1 stands still: no sign of life for .* s\\. Operation \\d+ of group world \\("
                    + ".*\\) was entered by rank.* 0.*\\. Rank 1: its process is stopped by a signal, in phase .*step");
            process.line(
                    "!! rank 1 \\(pid %d\\) did not react .*stopped by a signal.* at step \\d+".formatted(pids.get(1)));
            process.line("back at step \\d+ after .* s: detect");
            run.awaitStep(run.lastStep() + 2);
            process.signal("TERM");
            process.endsWith(STOPPED);
            assertThat(pids).noneMatch(Host::runs);
            assertThat(run.steps()).hasSize((int) run.lastStep());
            tracesBothGenerations(cluster, run);
        }
    }

    /** What the killed rank had written is still there, beside what came after. */
    private static void tracesBothGenerations(LocalCluster cluster, RunFolder run) throws IOException {
        for (int generation = 1; generation <= 2; generation++) {
            String file =
                    cluster.folder().resolve("trace-" + generation + ".json").toString();
            DunlinProcess trace = cluster.start(
                    "trace", run.path().toString(), "--generation", Integer.toString(generation), "--out", file);
            trace.succeeds();
            assertThat(trace.text())
                    .containsPattern("generation %d: [\\d,]+ operations of 2 ranks".formatted(generation));
            JsonNode events =
                    new JsonMapper().readTree(Files.readString(Path.of(file))).get("traceEvents");
            Set<Integer> ranks = new HashSet<>();
            events.forEach(event -> ranks.add(event.get("pid").asInt()));
            assertThat(ranks).containsExactlyInAnyOrder(0, 1);
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
