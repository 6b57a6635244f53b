package io.dunlin.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A rank's memory does not grow while it trains. */
class FlatMemoryTest {
    private static final long WARM = 150;
    private static final long LATER = WARM + 500;
    private static final Pattern USED = Pattern.compile("(?m)^ *Tenured.* used (\\d+)K");

    @TempDir
    private Path folder;

    @Test
    void shouldKeepHeapAndResidentMemoryFlatOver500Steps() throws IOException, InterruptedException {
        TestJob job = TestJob.tiny(1_000_000).with("checkpoint.interval", 0);
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            DunlinProcess process = cluster.train("long", job, 2);
            RunFolder run = cluster.run("long");
            run.awaitStep(WARM);
            long pid = run.rankPids().get(1);
            long heapBefore = liveHeapBytes(pid);
            long residentBefore = Host.residentBytes(pid);

            run.awaitStep(LATER);
            long heapAfter = liveHeapBytes(pid);
            long residentAfter = Host.residentBytes(pid);

            process.signal("TERM");
            process.endsWith(75);
            assertThat(heapAfter - heapBefore).as("growth of the heap").isLessThan(256 << 10);
            assertThat(residentAfter - residentBefore)
                    .as("growth of resident memory")
                    .isLessThan(16 << 20);
        }
    }

    /**
     * What is used of the heap once garbage is gone, as {@code jcmd GC.heap_info} says. A collection moves all that lives
     * into the tenured part; what the young one holds has come since.
     */
    private static long liveHeapBytes(long pid) throws IOException, InterruptedException {
        jcmd(pid, "GC.run");
        Matcher used = USED.matcher(jcmd(pid, "GC.heap_info"));
        assertThat(used.find()).isTrue();
        return Long.parseLong(used.group(1)) << 10;
    }

    private static String jcmd(long pid, String command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(), Long.toString(pid), command)
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }
}
