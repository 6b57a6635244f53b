package io.dunlin.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.awaitility.Awaitility.await;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever happens to the agent, its ranks leave, and nothing stays behind. */
class AgentKilledTest {
    private static final Duration RANKS_LEAVE = Duration.ofSeconds(10);

    @TempDir
    private Path folder;

    @Test
    void shouldLeaveNothingBehindWhenTheAgentIsKilled() {
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            DunlinProcess agent =
                    cluster.train("orphaned", TestJob.tiny(1_000_000).with("checkpoint.interval", 0), 2);
            RunFolder run = cluster.run("orphaned");
            run.awaitStep(3);
            List<Long> ranks = run.rankPids();
            List<Path> shared = Host.sharedFolders(agent.pid());
            Set<Integer> ports = Host.listeningPorts(agent.pid());
            assertThat(ranks).hasSize(2).allMatch(Host::runs);
            assertThat(shared).as("folders in shared memory").isNotEmpty();

            agent.signal("KILL");

            await("ranks that leave").atMost(RANKS_LEAVE).until(() -> ranks.stream()
                    .noneMatch(Host::runs));
            assertThat(shared).noneMatch(Files::exists);
            assertThat(ports).allSatisfy(AgentKilledTest::assertFree);
        }
    }

    @Test
    void shouldLeaveNothingBehindAfterSuccess() {
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            DunlinProcess agent = cluster.train("done", TestJob.tiny(10), 2);
            agent.succeeds();

            assertThat(cluster.run("done").rankPids()).hasSize(2).noneMatch(Host::runs);
            assertThat(Host.sharedFolders(agent.pid())).isEmpty();
        }
    }

    @Test
    void shouldGoOnAfterTheAgentWasKilled() {
        TestJob job = TestJob.tiny(1_000_000).deterministic().with("checkpoint.interval", 10);
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            DunlinProcess agent = cluster.train("orphaned", job, 2);
            RunFolder run = cluster.run("orphaned");
            run.awaitStep(25);
            agent.signal("KILL");
            agent.exitCode();
            long end = run.lastStep() + 5;

            cluster.start("resume", run.path().toString(), "--set", "train.steps=" + end)
                    .succeeds();

            cluster.train("undisturbed", job.with("train.steps", end), 1).succeeds();
            assertThat(run.steps()).isEqualTo(cluster.run("undisturbed").steps());
        }
    }

    private static void assertFree(int port) {
        assertThatCode(() -> {
                    try (ServerSocket socket = new ServerSocket()) {
                        socket.setReuseAddress(true);
                        socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
                    }
                })
                .as("port %d", port)
                .doesNotThrowAnyException();
    }
}
