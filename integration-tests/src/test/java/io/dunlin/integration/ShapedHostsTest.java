package io.dunlin.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Hosts that have a wire between them, and a slow one. */
class ShapedHostsTest {
    private static final int STEPS = 20;
    private static final int MEGABITS = 200;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({"2, 1500", "4, 9000"})
    void shouldTrainToTheSameBitsAsOneHost(int ranks, int mtu) {
        TestJob job = TestJob.tiny(STEPS).deterministic();
        try (ShapedLinks links = ShapedLinks.of(2, mtu, MEGABITS);
                LocalCluster cluster = LocalCluster.in(folder, links.on(0))) {
            cluster.train("alone", job, 1).succeeds();
            long before = links.sentBytes(1);
            cluster.train("apart", job.on(links.addresses(), links.shell()), ranks)
                    .succeeds();

            assertThat(cluster.run("apart").steps())
                    .hasSize(STEPS)
                    .isEqualTo(cluster.run("alone").steps());
            assertThat(links.sentBytes(1) - before).as("bytes on the wire").isGreaterThan(STEPS * 10_000L);
        }
    }

    @Test
    void shouldNameARankThatIsKilledOnTheFarHostAndGoOn() {
        try (ShapedLinks links = ShapedLinks.unshaped(2, 1500);
                LocalCluster cluster = LocalCluster.in(folder, links.on(0))) {
            TestJob job = TestJob.tiny(1_000_000)
                    .with("checkpoint.interval", 7)
                    .with("launch.backoff", "\"10ms\"")
                    .on(links.addresses(), links.shell());
            DunlinProcess agent = cluster.train("disturbed", job, 4);
            RunFolder run = cluster.run("disturbed");
            run.awaitStep(9);
            long pid = run.rankPids().get(3);

            DunlinProcess.signal(pid, "KILL");

            agent.line("!! rank 3 \\(pid %d on 10.77.0.2\\) ended by signal 9 at step \\d+".formatted(pid));
            agent.line("back at step");
            agent.signal("TERM");
            agent.endsWith(75);
        }
    }

    /** What the wire carries is the payload and the headers; what it takes is what the rate allows. */
    @Test
    void shouldSendNoMoreThanTheRingNeeds() {
        long bytes = 16L << 20;
        int times = 3;
        try (ShapedLinks links = ShapedLinks.of(2, 9000, MEGABITS)) {
            long before = links.sentBytes(0);
            LinkWorld.Said said = new LinkWorld(links, 1, folder).allReduce(bytes, times);
            long sent = links.sentBytes(0) - before;

            assertThat((double) sent / (times * bytes)).isCloseTo(1.01, within(0.02));
            // 250 kB are let through at once by the link; the rest at its rate.
            assertThat(said.medianSeconds()).isGreaterThan((bytes - 300_000) / (MEGABITS * 1e6 / 8) * 0.98);
        }
    }

    /** Two ranks of a host send no more than one would: the least is the vector once, for two hosts. */
    @Test
    void shouldSendBetweenHostsOnlyWhatHostsMust() {
        long bytes = 16L << 20;
        int times = 3;
        try (ShapedLinks links = ShapedLinks.of(2, 9000, MEGABITS)) {
            long before = links.sentBytes(0);
            LinkWorld.Said said = new LinkWorld(links, 2, folder).allReduce(bytes, times);
            double onTheWire = links.sentBytes(0) - before;

            double counted = said.sentBytes().get(0) + said.sentBytes().get(1);
            assertThat(counted / (times * bytes)).isCloseTo(1, within(0.001));
            assertThat(onTheWire / counted).as("headers of the transport").isCloseTo(1.01, within(0.02));
            assertThat(onTheWire / (times * bytes)).isLessThanOrEqualTo(1.03);
        }
    }

    @Test
    void shouldRemoveWhatADeadProcessHasLeft() throws Exception {
        try (ShapedLinks links = ShapedLinks.unshaped(3, 1500)) {
            assertThat(links.hosts()).isEqualTo(3);
            assertThat(links.addresses()).containsExactly("10.77.0.1", "10.77.0.2", "10.77.0.3");
            List<String> ping = new ArrayList<>(links.on(2));
            ping.addAll(List.of("ls", "/sys/class/net/"));
            assertThat(new ProcessBuilder(ping).start().waitFor()).isZero();
            long deadPid = new ProcessBuilder("true").start().onExit().join().pid();
            String left = "dunlin-%d-0-0".formatted(deadPid);
            assertThat(new ProcessBuilder("ip", "netns", "add", left).start().waitFor())
                    .isZero();

            ShapedLinks.sweep();

            assertThat(IntStream.range(0, 3).mapToObj(links::on)).allSatisfy(prefix -> {
                List<String> command = new ArrayList<>(prefix);
                command.add("true");
                assertThat(new ProcessBuilder(command).start().waitFor()).isZero();
            });
            assertThat(new ProcessBuilder("ip", "netns", "exec", left, "true")
                            .start()
                            .waitFor())
                    .isNotZero();
        }
    }
}
