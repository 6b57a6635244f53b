package io.dunlin.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Ranks that only measure are processes like those that train: right, and gone afterwards, however it ends. */
class BenchCollectivesTest {
    private static final int RANK_FAILED = 10;

    @TempDir
    private Path folder;

    private LocalCluster cluster;

    @BeforeEach
    void prepare() {
        cluster = LocalCluster.in(folder);
    }

    @AfterEach
    void endAll() {
        cluster.close();
    }

    private DunlinProcess start(String... more) {
        String[] arguments = new String[more.length + 4];
        List.of("bench", "collectives", "--max", "64K").toArray(arguments);
        System.arraycopy(more, 0, arguments, 4, more.length);
        return cluster.start(arguments);
    }

    private static Path sharedFolder(DunlinProcess process) {
        return Path.of("/dev/shm", "dunlin-bench-" + process.pid());
    }

    @ParameterizedTest
    @ValueSource(strings = {"shared", "ipc", "udp"})
    void shouldMeasureBetweenProcessesAndFindEveryElementRight(String transport) throws IOException {
        DunlinProcess process = start(
                "--op",
                "all-reduce,send-receive",
                "--transport",
                transport,
                "--factor",
                "8",
                "--seconds-per-size",
                "0.05",
                "--check",
                "--json",
                "table.json");

        String text = process.succeeds().text();

        assertThat(text).contains("2 ranks, " + transport, "busbw", "65536").doesNotContain("N/A");
        assertThat(Files.readString(folder.resolve("table.json")))
                .contains("\"op\" : \"all-reduce\"", "\"op\" : \"send-receive\"", "\"bytes\" : 65536")
                .contains("\"busbw_bytes_per_second\"", "\"wrong\" : 0")
                .doesNotContainPattern("\"wrong\" : [1-9]");
        assertThat(sharedFolder(process)).doesNotExist();
    }

    @Test
    void shouldNameTheRankThatWasKilled() {
        DunlinProcess process = start("--seconds-per-size", "60");
        process.line("p99");
        ProcessHandle rank = rank(process, 1);

        DunlinProcess.signal(rank.pid(), "KILL");

        assertThat(process.endsWith(RANK_FAILED).text()).contains("DUN-212", "rank 1", "137");
        assertThat(sharedFolder(process)).doesNotExist();
    }

    @Test
    void shouldLeaveNobodyBehindWhenTheCommandIsKilled() {
        DunlinProcess process = start("--seconds-per-size", "60");
        process.line("p99");
        List<ProcessHandle> ranks = List.of(rank(process, 0), rank(process, 1));

        process.signal("KILL");

        await().atMost(DunlinProcess.PATIENCE)
                .untilAsserted(() -> assertThat(ranks).noneMatch(ProcessHandle::isAlive));
        assertThat(sharedFolder(process)).doesNotExist();
    }

    /** By the last word of its command line, which is there for people who list processes. */
    private static ProcessHandle rank(DunlinProcess process, int number) {
        return ProcessHandle.of(process.pid())
                .orElseThrow()
                .children()
                .filter(child -> child.info()
                        .arguments()
                        .map(words -> words[words.length - 1].equals(Integer.toString(number)))
                        .orElse(false))
                .findFirst()
                .orElseThrow();
    }
}
