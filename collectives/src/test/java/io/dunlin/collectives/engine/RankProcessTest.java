package io.dunlin.collectives.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.transport.AeronDirectory;
import io.dunlin.collectives.transport.DriverFolder;
import io.dunlin.collectives.transport.MediaDriverHost;
import io.dunlin.collectives.transport.MediaDriverSettings;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Real processes and real deaths. */
class RankProcessTest {
    private final Path directory = new DriverFolder().create();
    private final List<Process> processes = new ArrayList<>();

    @AfterEach
    void endProcesses() throws InterruptedException {
        for (Process process : processes) {
            process.destroyForcibly().waitFor();
        }
    }

    private Process start(Class<?> main, Object... arguments) {
        List<String> words = new ArrayList<>();
        for (Object argument : arguments) {
            words.add(argument.toString());
        }
        Process process = ChildJvm.start(main, words);
        processes.add(process);
        return process;
    }

    private List<Process> startRanks(int ranks, int generation) {
        return startRanks(ranks, generation, "ipc");
    }

    private List<Process> startRanks(int ranks, int generation, String transport) {
        List<Process> started = new ArrayList<>();
        for (int rank = 0; rank < ranks; rank++) {
            started.add(start(ChildRank.class, directory, rank, ranks, generation, transport));
        }
        return started;
    }

    private static void awaitReady(BufferedReader output) throws IOException {
        assertThat(output.readLine()).startsWith("ready");
    }

    @Test
    void shouldNameAKilledProcessWithinASecondWithoutHelp() throws Exception {
        try (MediaDriverHost driver = MediaDriverHost.start(MediaDriverSettings.onOneHost(directory, 3))) {
            assertThat(driver.directory()).exists();
            List<Process> ranks = startRanks(3, 1);
            List<BufferedReader> outputs =
                    ranks.stream().map(Process::inputReader).toList();
            for (BufferedReader output : outputs) {
                awaitReady(output);
            }
            long killedNs = System.nanoTime();
            ranks.get(1).destroyForcibly();
            for (int survivor : List.of(0, 2)) {
                assertThat(outputs.get(survivor).readLine())
                        .startsWith("DUN-704 [1] rank ")
                        .contains("lost rank 1 (pid " + ranks.get(1).pid() + ")")
                        .contains("all-reduce of 1,048,576 bytes F32 SUM");
                assertThat(System.nanoTime() - killedNs)
                        .isLessThan(Duration.ofSeconds(1).toNanos());
                assertThat(outputs.get(survivor).readLine()).isEqualTo("deleted false");
            }
        }
        assertThat(directory).doesNotExist();
    }

    @Test
    void shouldNameAKilledProcessWhoseMemoryIsInUse() throws Exception {
        try (MediaDriverHost driver = MediaDriverHost.start(MediaDriverSettings.onOneHost(directory, 3))) {
            assertThat(driver.directory()).exists();
            namesAKilledRank(startRanks(3, 1, "shared"), Duration.ofMillis(2500));
        }
        assertThat(directory).doesNotExist();
    }

    /** The whole host is gone: nobody there can tell. */
    @Test
    void shouldNameAKilledHostOverUdpWithinTwelveSeconds() throws Exception {
        String ports = IntStream.range(0, 3)
                .mapToObj(rank -> String.valueOf(AeronUdpCollectivesTest.freePort()))
                .collect(Collectors.joining(","));
        List<Process> ranks = startRanks(3, 1, ports);
        namesAKilledRank(ranks, Duration.ofSeconds(12));
        for (int survivor : List.of(0, 2)) {
            assertThat(ranks.get(survivor).waitFor()).isZero();
        }
        Path left = directory.resolveSibling(directory.getFileName() + "-1");
        assertThat(AeronDirectory.deleteIfOrphaned(left)).isTrue();
    }

    private static void namesAKilledRank(List<Process> ranks, Duration limit) throws IOException {
        List<BufferedReader> outputs = ranks.stream().map(Process::inputReader).toList();
        for (BufferedReader output : outputs) {
            awaitReady(output);
        }
        long killedNs = System.nanoTime();
        ranks.get(1).destroyForcibly();
        for (int survivor : List.of(0, 2)) {
            assertThat(outputs.get(survivor).readLine())
                    .startsWith("DUN-704 [1] rank ")
                    .contains("lost rank 1 (")
                    .contains("all-reduce of 1,048,576 bytes F32 SUM");
            assertThat(System.nanoTime() - killedNs).isLessThan(limit.toNanos());
        }
    }

    @Test
    void shouldNameAProcessThatStandsStillWithinTwelveSeconds() throws Exception {
        try (MediaDriverHost driver = MediaDriverHost.start(MediaDriverSettings.onOneHost(directory, 3))) {
            assertThat(driver.directory()).exists();
            List<Process> ranks = startRanks(3, 1);
            List<BufferedReader> outputs =
                    ranks.stream().map(Process::inputReader).toList();
            for (BufferedReader output : outputs) {
                awaitReady(output);
            }
            long stoppedNs = System.nanoTime();
            new ProcessBuilder("kill", "-STOP", String.valueOf(ranks.get(2).pid()))
                    .start()
                    .waitFor();
            for (int survivor : List.of(0, 1)) {
                assertThat(outputs.get(survivor).readLine())
                        .startsWith("DUN-704 [2] rank ")
                        .contains("lost rank 2");
            }
            assertThat(System.nanoTime() - stoppedNs)
                    .isLessThan(Duration.ofSeconds(12).toNanos());
        }
    }

    @Test
    void shouldEndAndCleanUpWhenTheAgentWithTheDriverIsKilled() throws Exception {
        Process agent = start(ChildDriver.class, directory);
        awaitReady(agent.inputReader());
        List<Process> ranks = startRanks(2, 1);
        List<BufferedReader> outputs = ranks.stream().map(Process::inputReader).toList();
        for (BufferedReader output : outputs) {
            awaitReady(output);
        }
        long killedNs = System.nanoTime();
        agent.destroyForcibly().waitFor();
        List<String> deleted = new ArrayList<>();
        for (BufferedReader output : outputs) {
            assertThat(output.readLine()).startsWith("DUN-706").contains("lost the Aeron media driver");
            deleted.add(output.readLine());
        }
        assertThat(System.nanoTime() - killedNs)
                .isLessThan(Duration.ofSeconds(13).toNanos());
        assertThat(deleted).containsOnlyOnce("deleted true");
        assertThat(directory).doesNotExist();
        assertThat(AeronDirectory.deleteIfOrphaned(directory)).isFalse();
    }
}
