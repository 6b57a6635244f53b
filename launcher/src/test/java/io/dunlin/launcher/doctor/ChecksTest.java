package io.dunlin.launcher.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.transport.HostNetwork;
import io.dunlin.launcher.job.JobFile;
import io.dunlin.launcher.place.Installation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ChecksTest {
    @TempDir
    private Path folder;

    @Test
    void shouldReportEveryCheckAndCountFailures() {
        List<Examination.Line> lines = new ArrayList<>();
        int failures = new Examination(List.of(
                        check("a", () -> new Finding.Ok("fine")),
                        check("b", () -> new Finding.Warn("slow", "buy")),
                        check("c", () -> new Finding.Fail("gone", "fetch")),
                        check("d", () -> {
                            throw new IOException("broken");
                        })))
                .run(lines::add);

        assertThat(failures).isEqualTo(2);
        assertThat(lines).extracting(Examination.Line::title).containsExactly("a", "b", "c", "d");
        assertThat(lines.getLast().finding().text()).isEqualTo("cannot be examined: java.io.IOException: broken");
    }

    @Test
    void shouldRefuseAnotherJava() {
        Finding finding = new JavaCheck(Installation.current(), Runtime.Version.parse("17.0.15")).look();

        assertThat(finding).isInstanceOfSatisfying(Finding.Fail.class, fail -> {
            assertThat(fail.text()).isEqualTo("this is Java 17.0.15, Dunlin runs on Java 25");
            assertThat(fail.remedy()).contains("JAVA_HOME");
        });
        assertThat(new JavaCheck(Installation.current(), Runtime.version()).look())
                .isInstanceOf(Finding.Ok.class);
    }

    @Test
    void shouldAskAProcessThatIsStartedLikeARank() throws Exception {
        Probe<RankProbe.Facts> rank = RankProbe.process(Installation.current(), folder);

        assertThat(rank.get().vectorBits()).isGreaterThanOrEqualTo(64);
        assertThat(rank.get().device()).startsWith("cpu, 1 thread");
        assertThat(new VectorCheck(rank).look().text()).endsWith("-bit");
        assertThat(new LoopbackCheck(rank, 2).look())
                .isInstanceOfSatisfying(Finding.Ok.class, ok -> assertThat(ok.text())
                        .matches("all-reduce between 2 ranks: 16 B in \\d+ us, 4 MiB at .*/s"));
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void shouldSayHowMuchSharedMemoryIsMissing() throws IOException {
        assertThat(new SharedMemoryCheck(folder, 1, 1).look()).isEqualTo(new Finding.Ok("not needed by 1 rank"));
        assertThat(new SharedMemoryCheck(folder, 2, 2).look().text()).contains("free, 2 ranks need");
        assertThat(new SharedMemoryCheck(folder, 4000, 4000).look())
                .isInstanceOfSatisfying(
                        Finding.Fail.class, fail -> assertThat(fail.remedy()).contains("--shm-size"));
        assertThat(new SharedMemoryCheck(folder.resolve("none"), 2, 2).look()).isInstanceOf(Finding.Fail.class);
    }

    @Test
    void shouldShowWhatAProcessSaidThatCouldNotStart() throws Exception {
        Files.createDirectories(folder.resolve("conf"));
        Files.writeString(folder.resolve("conf/jvm.options"), "--no-such-flag\n");

        assertThat(new VectorCheck(RankProbe.process(new Installation(folder), folder)).look())
                .isInstanceOfSatisfying(
                        Finding.Fail.class, fail -> assertThat(fail.text()).contains("no-such-flag"));
    }

    @Test
    void shouldWarnWhereRanksMustTakeTurns() {
        assertThat(new CoresCheck(2, 4).look()).isEqualTo(new Finding.Ok("4 for 2 ranks, 2 each"));
        assertThat(new CoresCheck(4, 2).look()).isInstanceOf(Finding.Warn.class);
    }

    @Test
    void shouldRefuseAModelThatCannotFit() {
        MemoryNeed whole = need("llama3-8b", 1, "none");
        assertThat(new MemoryCheck(whole, 24L << 30).look())
                .isInstanceOfSatisfying(Finding.Fail.class, fail -> assertThat(fail.remedy())
                        .isEqualTo(
                                "take a smaller model (model.preset), or more hosts (launch.hosts) and parallel.shard ="
                                        + " \"zero3\""));
        assertThat(new MemoryCheck(holding(whole, 23L << 30), 24L << 30).look()).isInstanceOf(Finding.Warn.class);
        assertThat(new MemoryCheck(holding(whole, 2_000_000_000L), 24L << 30).look())
                .isEqualTo(new Finding.Ok("24.0 GiB available; 1 rank of 8.03 G parameters needs 2.06 GiB"));
        assertThat(new MemoryCheck(need("llama3-8b", 0, "none"), 24L << 30).look())
                .isEqualTo(new Finding.Ok("no rank computes on this host"));
    }

    @Test
    void shouldReckonWithShards() {
        MemoryNeed whole = need("llama3-1b", 4, "none");
        MemoryNeed shared = need("llama3-1b", 4, "zero3");

        assertThat(new MemoryCheck(whole, 64L << 30).look())
                .isInstanceOfSatisfying(Finding.Fail.class, fail -> assertThat(fail.remedy())
                        .startsWith("would fit: ")
                        .endsWith("parallel.shard = \"zero3\""));
        assertThat(new MemoryCheck(shared, 64L << 30).look())
                .isInstanceOfSatisfying(Finding.Ok.class, ok -> assertThat(ok.text())
                        .startsWith("64.0 GiB available; 4 ranks of 1.24 G parameters, zero3, need "));
    }

    private static MemoryNeed need(String preset, int ranks, String shard) {
        String job = """
                run.name = "a"
                data.text = "/a.txt"
                model.preset = "%s"
                model.context = 256
                train.micro_batch = 1
                launch.ranks = %d
                parallel.shard = "%s"
                """.formatted(preset, Math.max(1, ranks), shard);
        return MemoryNeed.of(JobFile.parse(job).job(), ranks);
    }

    private static MemoryNeed holding(MemoryNeed need, long bytes) {
        return new MemoryNeed(need.planner(), need.workload(), need.shard(), need.ranksHere(), bytes, 0);
    }

    @Test
    void shouldMeasureTheDiskAndLeaveNothingBehind() throws IOException {
        Finding finding = new DiskCheck(folder.resolve("runs/not/yet")).look();

        assertThat(finding.text()).contains("free").contains("/s written, fsync");
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void shouldSayWhichTextStandsInForMissingSources() throws IOException {
        assertThat(new TextCheck(folder).look()).isInstanceOf(Finding.Warn.class);
        Files.createDirectories(folder.resolve("lib"));
        Files.write(folder.resolve("lib/src.zip"), new byte[1234]);
        assertThat(new TextCheck(folder).look().text()).endsWith("lib/src.zip, 1.23 kB");
    }

    @Test
    void shouldDoubtAClockThatIsOlderThanTheInstallation() {
        Instant built = Instant.parse("2026-11-22T00:00:00Z");
        KernelClock kept = new KernelClock() {
            @Override
            Optional<State> state() {
                return Optional.of(new State(true, 12_000));
            }
        };

        assertThat(new ClockCheck(kept, built.minusSeconds(1), built).look()).isInstanceOf(Finding.Warn.class);
        assertThat(new ClockCheck(kept, built.plusSeconds(1), built).look())
                .isEqualTo(new Finding.Ok("2026-11-22T00:00:01Z, synchronised to 12 ms"));
        assertThat(new KernelClock().state())
                .satisfiesAnyOf(state -> assertThat(state).isEmpty(), state -> assertThat(
                                state.orElseThrow().largestErrorUs())
                        .isNotNegative());
    }

    @Test
    void shouldSayWhatSlowsTheNetworkBetweenHosts() {
        HostNetwork good = new HostNetwork("10.0.0.1", "eth0", 9000, 4 << 20, 4 << 20);
        HostNetwork narrow = new HostNetwork("10.0.0.1", "wg0", 1420, 212_992, 212_992);

        assertThat(new NetworkCheck(List.of(), 0).look()).isEqualTo(new Finding.Ok("not needed by 1 host"));
        assertThat(new NetworkCheck(List.of(good), 2).look())
                .isEqualTo(new Finding.Ok("eth0 at 10.0.0.1 carries 9000 bytes in one piece, sockets hold 4.00 MiB"));
        assertThat(new NetworkCheck(List.of(narrow), 2).look()).isInstanceOfSatisfying(Finding.Warn.class, warn -> {
            assertThat(warn.text()).contains("208 KiB").contains("wg0 carries only 1420 bytes");
            assertThat(warn.remedy()).contains("sysctl -w net.core.rmem_max=").contains("ip link set dev wg0");
        });
        assertThat(new NetworkCheck(List.of(), 2).look()).isInstanceOf(Finding.Warn.class);
    }

    private interface Look {
        Finding look() throws Exception;
    }

    private static Check check(String title, Look look) {
        return new Check() {
            @Override
            public String title() {
                return title;
            }

            @Override
            public Finding look() throws Exception {
                return look.look();
            }
        };
    }
}
