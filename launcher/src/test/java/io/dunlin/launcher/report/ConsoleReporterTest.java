package io.dunlin.launcher.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.Topology;
import io.dunlin.launcher.job.JobFile;
import io.dunlin.launcher.report.RunEvent.Outcome;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The console is a contract: what is printed here, people and scripts read. */
final class ConsoleReporterTest {
    private static final Path HOME = Path.of("/home/ada");
    private static final Path RUN = HOME.resolve("runs/1122-2104-shakespeare-7f3a");
    private static final String JOB = """
            run.name = "shakespeare"
            run.deterministic = true
            data.text = "/home/ada/shakespeare.txt"
            train.tokens_per_step = 1024
            observe.log_every = 50
            """;

    private final ByteArrayOutputStream written = new ByteArrayOutputStream();
    private final ConsoleReporter console = new ConsoleReporter(
            new PrintStream(written, true, StandardCharsets.UTF_8),
            Style.PLAIN,
            JobFile.parse(JOB).job(),
            HOME);
    private Instant now = Instant.parse("2026-11-22T21:04:00Z");

    @Test
    void shouldShowAHeadAndThenOneLineInSoManySteps() {
        begin(2);
        for (long step = 1; step <= 100; step++) {
            step(step, 4.0 - 0.01 * step);
        }

        assertThat(lines())
                .containsExactly(
                        "run        runs/1122-2104-shakespeare-7f3a      log/rank-0000[0-1].log",
                        "ready      2 ranks found each other in 1.2 s",
                        "+------------+--------------------------------------------------------------------------+",
                        "| model      | gpt  2 layers x 64, 4 heads, vocab 256, context 64, 121 k parameters     |",
                        "| layout     | 2 ranks = dp 2, transport ipc                                            |",
                        "| batch      | 1,024 tokens/step = 2 micro-batches x 8 x 64                             |",
                        "| data       | shakespeare.txt, byte tokens: 1.06 M for training, 55.8 k for validation |",
                        "| device     | cpu, 1 thread, AVX-512                                                   |",
                        "| memory     | 12.0 MiB per rank: weights 4.00 MiB, activations 8.00 MiB                |",
                        "| start      | from scratch, seed 1337, fp32, deterministic                             |",
                        "+------------+--------------------------------------------------------------------------+",
                        "step   1/200  loss 3.9900          gnorm 1.50  lr 6.0e-04  51.2 k tok/s",
                        "step  50/200  loss 3.5000 (-1.8z)  gnorm 1.50  lr 6.0e-04  51.2 k tok/s  data 0.5% comm 20% eta 0:03",
                        "step 100/200  loss 3.0000 (-1.7z)  gnorm 1.50  lr 6.0e-04  51.2 k tok/s  data 0.5% comm 20% eta 0:02");
    }

    @Test
    void shouldSayWhatWasEvaluatedSampledAndSaved() {
        begin(1);
        clear();
        report(0, new Report.Evaluated(100, 1.23456, 81_920, 1_200_000_000L, true));
        report(0, new Report.Sampled(100, "ROMEO:", " What the\n\u001b[31mshall be\n"));
        report(0, new Report.Saved(100, RUN + "/ckpt/step-00000100", 6_400_000, 31_000_000));

        assertThat(lines())
                .containsExactly(
                        "eval 100/200  loss 1.2346 (best)  on 81,920 tokens in 1.2 s",
                        "  | ROMEO: What the",
                        "  | \u00b7[31mshall be",
                        "save 100/200  6.40 MB in 31 ms  step-00000100");
    }

    @Test
    void shouldShowAWarningOfManyRanksOnce() {
        begin(2);
        clear();
        report(1, new Report.Notice(Report.Level.WARNING, "DUN-305", "step-00000500 is incomplete"));
        report(0, new Report.Notice(Report.Level.WARNING, "DUN-305", "step-00000500 is incomplete"));

        assertThat(lines()).containsExactly("!  DUN-305  step-00000500 is incomplete");
    }

    @Test
    void shouldPointOutASkippedStepEvenBetweenTheLines() {
        begin(1);
        step(1, 4);
        clear();
        report(0, new Report.Step(7, 200, Double.NaN, Double.POSITIVE_INFINITY, 6e-4, false, 1024, 7168, 1, 0, 0, 0));

        assertThat(lines())
                .singleElement()
                .asString()
                .startsWith("step   7/200  loss NaN          gnorm Infinity  lr 6.0e-04")
                .endsWith("not finite: update skipped on every rank");
    }

    @Test
    void shouldTellARestartAndItsTimeBudget() {
        begin(4);
        step(1, 4);
        clear();
        on(new RunEvent.RankLost(3, "", 41877, "ended by signal 9", 732, "", "", "", "", log(3)));
        on(new RunEvent.GenerationEnded(1, List.of(0, 1, 2), 0, Duration.ofMillis(230)));
        on(new RunEvent.Restarting(1, 3, 500, 231, Duration.ofSeconds(1)));
        on(new RunEvent.RanksStarted(2, List.of()));
        on(new RunEvent.Live(2, 4, Duration.ofMillis(1230)));
        report(0, new Report.Restored(500, RUN + "/ckpt/step-00000500", 1, 1, List.of()));
        step(501, 3);
        on(new RunEvent.Recovered(501, new RunEvent.Budget(ms(300), ms(230), ms(1000), ms(1200), ms(100), ms(600))));

        assertThat(lines())
                .containsExactly(
                        "!! rank 3 (pid 41877) ended by signal 9 at step 732",
                        "   It reported no failure: see runs/1122-2104-shakespeare-7f3a/log/rank-00003.log",
                        "   ranks 0 1 2 stopped in 0.2 s",
                        "   restart 1 of 3: from step 500 (newest complete), losing 231 steps, in 1.0 s",
                        "ready      4 ranks found each other in 1.2 s",
                        "step 501/200  loss 3.0000          gnorm 1.50  lr 6.0e-04  51.2 k tok/s",
                        "   back at step 501 after 3.4 s: detect 0.3, stop 0.2, wait 1.0, start 1.2, load 0.1, first step 0.6");
    }

    @Test
    void shouldEndAFailedRunWithItsCause() {
        begin(2);
        clear();
        on(new RunEvent.RankLost(
                1,
                "10.0.0.2",
                77,
                "exited with 3",
                12,
                "DUN-606",
                "shard a.bin is damaged",
                "dunlin data prepare",
                "x",
                log(1)));
        on(new RunEvent.Ended(
                Outcome.FAILED,
                11,
                10,
                Duration.ofSeconds(75),
                "DUN-202",
                "restarts are used up (3)",
                "dunlin resume RUN"));

        assertThat(lines().subList(2, lines().size()))
                .containsExactly(
                        "failed     after step 11, 1:15; the newest checkpoint is of step 10",
                        "DUN-202  restarts are used up (3)",
                        "         dunlin resume runs/1122-2104-shakespeare-7f3a",
                        "         more: dunlin explain DUN-202",
                        "",
                        "cause      rank 1 (pid 77 on 10.0.0.2) exited with 3 at step 12",
                        "           log: runs/1122-2104-shakespeare-7f3a/log/rank-00001.log",
                        "DUN-606  shard a.bin is damaged",
                        "         dunlin data prepare",
                        "         more: dunlin explain DUN-606");
    }

    @Test
    void shouldEndWithTheTraceOfABugAndCallItOne() {
        begin(1);
        clear();
        on(new RunEvent.RankLost(
                0, "", 77, "exited with 1", 12, "", "boom", "", "java.lang.Error: boom\n\tat a.B.c", log(0)));
        on(new RunEvent.Ended(Outcome.FAILED, 11, 0, Duration.ofSeconds(5), "DUN-205", "twice at one step", ""));

        assertThat(lines())
                .endsWith(
                        "java.lang.Error: boom",
                        "\tat a.B.c",
                        "This is a bug in dunlin " + Version.current().number()
                                + ", not in what you did. Please report it with the lines above and the command you gave.");
    }

    @Test
    void shouldSayWhatToDoNextAtTheEnd() {
        begin(1);
        clear();
        on(new RunEvent.Requested("stop", "SIGTERM"));
        on(new RunEvent.Ended(Outcome.STOPPED, 42, 42, Duration.ofSeconds(3725), "", "", ""));

        assertThat(lines())
                .containsExactly(
                        "stop       asked for by SIGTERM: finishing the step and saving",
                        "stopped    after step 42, 1:02:05; the newest checkpoint is of step 42",
                        "next       dunlin resume runs/1122-2104-shakespeare-7f3a");
    }

    @Test
    void shouldPutWhatWasSentBesideWhatWasPlanned() {
        begin(4);
        clear();
        Report sent = new Report.Sent(
                200,
                199,
                List.of(
                        new Report.LevelBytes(Topology.Scale.HOST, 1_440_000, 998_400),
                        new Report.LevelBytes(Topology.Scale.CLUSTER, 962_000, 1_031_000)));
        report(1, sent);
        report(0, sent);

        assertThat(lines())
                .containsExactly(
                        "planned    a step: inside hosts 1.44 MB, between hosts  962 kB (tensors alone, once into each host)",
                        "counted    a step: inside hosts  998 kB, between hosts 1.03 MB",
                        "           counted with headers and agreement, without what ranks read in place in shared memory;"
                                + " run.deterministic sends more");
    }

    @Test
    void shouldSayWhoIsMissingAndHowLong() {
        begin(4);
        clear();
        on(new RunEvent.Waiting(Phase.CONNECT, List.of(2, 3), 4, Duration.ofSeconds(12), Duration.ofSeconds(108)));
        on(new RunEvent.Hang(
                Phase.STEP,
                8120,
                Duration.ofSeconds(100),
                List.of("rank 1: in DataLoader.next"),
                RUN.resolve("trace/hang")));

        assertThat(lines())
                .containsExactly(
                        "waiting    for 2 of 4 ranks (2 3) in phase connect: 12 s so far, 108 s left",
                        "!! no progress for 100 s in phase step at step 8,120",
                        "   rank 1: in DataLoader.next",
                        "   stacks of all threads: runs/1122-2104-shakespeare-7f3a/trace/hang");
    }

    private void begin(int ranks) {
        on(new RunEvent.Started(RUN, "shakespeare", ranks, ranks == 1 ? "none" : "ipc", 200));
        on(new RunEvent.RanksStarted(1, List.of()));
        on(new RunEvent.Live(1, ranks, Duration.ofMillis(1230)));
        report(
                0,
                new Report.Prepared(
                        "cpu, 1 thread, AVX-512",
                        120_576,
                        List.of(new Report.Memory("weights", 4 << 20), new Report.Memory("activations", 8 << 20)),
                        2,
                        1_060_000,
                        55_770));
        report(0, new Report.Entered(Phase.FIRST_STEP));
    }

    private void step(long step, double loss) {
        now = now.plusMillis(20);
        report(
                0,
                new Report.Step(
                        step, 200, loss, 1.5, 6e-4, true, 1024, step * 1024, 20_000_000, 100_000, 4_000_000, 1));
    }

    private void report(int rank, Report report) {
        on(new RunEvent.FromRank(rank, report));
    }

    private void on(RunEvent event) {
        console.on(now, event);
    }

    private void clear() {
        written.reset();
    }

    private List<String> lines() {
        return written.toString(StandardCharsets.UTF_8).lines().toList();
    }

    private static Path log(int rank) {
        return new RunFolder(RUN).log(rank);
    }

    private static Duration ms(long ms) {
        return Duration.ofMillis(ms);
    }
}
