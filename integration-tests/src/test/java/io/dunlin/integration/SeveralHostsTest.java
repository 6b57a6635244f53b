package io.dunlin.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * One run on several hosts. Here they are addresses of this machine's loopback interface, and the remote shell is
 * {@code env}: all is as between machines but for the wire, and needs no rights. {@link ShapedHostsTest} has the wire.
 */
class SeveralHostsTest {
    private static final int STEPS = 20;
    private static final int ENVIRONMENT = 3;
    private static final List<String> TWO = List.of("127.0.0.1", "127.0.0.2");
    private static final String SHELL = "env";

    @TempDir
    private Path folder;

    private static List<Path> sharedFolders(RunFolder run) throws java.io.IOException {
        try (Stream<Path> all = Files.list(Path.of("/dev/shm"))) {
            String prefix = "dunlin-" + run.path().getFileName() + "-";
            return all.filter(path -> path.getFileName().toString().startsWith(prefix))
                    .toList();
        }
    }

    @Test
    void shouldGiveTheSameBitsAsOneHost() throws Exception {
        int ranks = 3;
        TestJob job = TestJob.tiny(STEPS).deterministic();
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            cluster.train("alone", job, 1).succeeds();
            DunlinProcess agent =
                    cluster.train("apart", job.on(TWO, SHELL), ranks).succeeds();
            RunFolder apart = cluster.run("apart");

            assertThat(agent.text()).contains("transport ipc and udp");
            assertThat(apart.steps())
                    .hasSize(STEPS)
                    .isEqualTo(cluster.run("alone").steps());
            assertThat(apart.json().path("ranks").path(ranks - 1).path("host").asString())
                    .isEqualTo("127.0.0.2");
            assertThat(apart.rankPids()).hasSize(ranks).noneMatch(Host::runs);
            assertThat(sharedFolders(apart)).isEmpty();
            assertThat(apart.path().resolve(".hosts")).doesNotExist();
        }
    }

    @Test
    void shouldNameARankThatIsKilledOnTheOtherHostAndGoOn() {
        TestJob job = TestJob.tiny(1_000_000)
                .deterministic()
                .with("checkpoint.interval", 7)
                .with("launch.backoff", "\"10ms\"")
                .on(TWO, SHELL);
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            DunlinProcess agent = cluster.train("disturbed", job, 2);
            RunFolder run = cluster.run("disturbed");
            run.awaitStep(9);
            long pid = run.rankPids().get(1);

            DunlinProcess.signal(pid, "KILL");

            agent.line("!! rank 1 \\(pid %d on 127.0.0.2\\) ended by signal 9 at step \\d+".formatted(pid));
            agent.line("back at step");
            agent.signal("TERM");
            agent.endsWith(75);
            long last = run.lastStep();
            cluster.train("undisturbed", job.with("launch.hosts", "[]").with("train.steps", last), 1)
                    .succeeds();
            assertThat(run.steps()).isEqualTo(cluster.run("undisturbed").steps());
        }
    }

    @Test
    void shouldOpenAHostAgainWhoseProcessWasKilled() {
        TestJob job = TestJob.tiny(1_000_000)
                .with("checkpoint.interval", 7)
                .with("launch.backoff", "\"10ms\"")
                .on(TWO, SHELL);
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            DunlinProcess agent = cluster.train("lost", job, 3);
            RunFolder run = cluster.run("lost");
            run.awaitStep(9);
            List<Long> ranks = run.rankPids();
            long farHost = ProcessHandle.of(ranks.get(2))
                    .orElseThrow()
                    .parent()
                    .orElseThrow()
                    .pid();

            DunlinProcess.signal(farHost, "KILL");

            agent.line("!! rank 2 \\(pid %d on 127.0.0.2\\) went with its host 127.0.0.2".formatted(ranks.get(2)));
            agent.line("back at step");
            assertThat(ranks).noneMatch(Host::runs);
            agent.signal("TERM");
            agent.endsWith(75);
        }
    }

    @Test
    void shouldLeaveNothingBehindWhenTheAgentIsKilled() throws Exception {
        TestJob job = TestJob.tiny(1_000_000).with("checkpoint.interval", 0).on(TWO, SHELL);
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            DunlinProcess agent = cluster.train("orphaned", job, 4);
            RunFolder run = cluster.run("orphaned");
            run.awaitStep(3);
            List<Long> ranks = run.rankPids();
            // A rank that stands still cannot leave by itself: its host ends it.
            DunlinProcess.signal(ranks.get(3), "STOP");
            assertThat(sharedFolders(run)).hasSize(2);

            agent.signal("KILL");

            await("ranks that leave").atMost(Duration.ofSeconds(20)).until(() -> ranks.stream()
                    .noneMatch(Host::runs));
            await("folders that go").atMost(Duration.ofSeconds(10)).until(() -> sharedFolders(run)
                    .isEmpty());
        }
    }

    @Test
    void shouldLeaveNothingBehindWhenItIsInterruptedWhileAHostIsSilent() throws Exception {
        String silent = script("silent.sh", "#!/bin/sh\nexec sleep 60\n");
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            DunlinProcess agent = cluster.train("interrupted", TestJob.tiny(5).on(TWO, "sh " + silent), 2);
            RunFolder run = cluster.run("interrupted");
            await("a host that is silent")
                    .atMost(DunlinProcess.PATIENCE)
                    .until(() -> Files.exists(run.path().resolve(".hosts"))
                            && !sharedFolders(run).isEmpty());

            agent.signal("INT");

            agent.endsWith(75);
            assertThat(sharedFolders(run)).isEmpty();
            assertThat(run.path().resolve(".hosts")).doesNotExist();
            assertThat(agent.text()).doesNotContain("DUN-");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "no-such-shell | the remote shell to 127.0.0.2 failed: Cannot run program",
                "false | the remote shell to 127.0.0.2 failed: it exited with 1",
                "sh -c no-such-command | the remote shell to 127.0.0.2 failed: it exited with 127"
            })
    void shouldSayWhatIsWrongWithTheRemoteShell(String shell, String said) {
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            DunlinProcess agent =
                    cluster.train("refused", TestJob.tiny(5).on(TWO, shell), 2).endsWith(ENVIRONMENT);
            assertThat(agent.text()).contains("DUN-220").contains(said).doesNotContain("\tat ");
        }
    }

    @Test
    void shouldSayThatAHostDoesNotAnswerInTime() {
        String silent = script("silent.sh", "#!/bin/sh\nexec sleep 60\n");
        TestJob job = TestJob.tiny(5).on(TWO, "sh " + silent).with("timeouts.rendezvous", "\"3s\"");
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            DunlinProcess agent = cluster.train("silent", job, 2).endsWith(ENVIRONMENT);
            assertThat(agent.text())
                    .contains("DUN-221")
                    .contains("host 127.0.0.2 has not answered for 3 s")
                    .contains("host-127.0.0.2.log");
        }
    }

    @Test
    void shouldSayThatTheRunFolderIsNotShared() {
        // The other host sees an empty folder where the run is.
        String apart = script(
                "apart.sh", "#!/bin/sh\nmount -t tmpfs tmpfs %s && exec \"$@\"\n".formatted(folder.resolve("runs")));
        TestJob job = TestJob.tiny(5).on(TWO, "unshare -m sh " + apart);
        try (SmallDisk _ = SmallDisk.of(folder.resolve("may-mount"), 1 << 20);
                LocalCluster cluster = LocalCluster.in(folder)) {
            DunlinProcess agent = cluster.train("elsewhere", job, 2).endsWith(ENVIRONMENT);
            assertThat(agent.text())
                    .contains("DUN-222")
                    .contains("host 127.0.0.2 cannot take part: DUN-223")
                    .contains("file system that all hosts mount");
        }
    }

    @Test
    void shouldSayThatAPortOfTheOtherHostIsTaken() throws Exception {
        try (java.net.DatagramSocket taken =
                        new java.net.DatagramSocket(new java.net.InetSocketAddress("127.0.0.2", 0));
                LocalCluster cluster = LocalCluster.in(folder)) {
            TestJob job = TestJob.tiny(5).on(TWO, SHELL).with("launch.port", taken.getLocalPort() - 2);
            DunlinProcess agent = cluster.train("taken", job, 2).endsWith(ENVIRONMENT);
            assertThat(agent.text())
                    .contains("host 127.0.0.2 cannot take part: DUN-204")
                    .contains("UDP port " + taken.getLocalPort() + " on 127.0.0.2 is taken");
        }
    }

    private String script(String name, String script) {
        return LocalCluster.in(folder).write(name, script).toString();
    }
}
