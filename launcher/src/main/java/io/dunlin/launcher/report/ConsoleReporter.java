package io.dunlin.launcher.report;

import io.dunlin.launcher.job.Job;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Shows a run to the person who started it: a head, a line for each so many steps, what was saved and evaluated, and of a
 * failure first what happened and at the very end what caused it.
 */
public final class ConsoleReporter implements RunListener {
    private final PrintStream out;
    private final Style style;
    private final Job job;
    private final Path folder;
    private final StepLine steps;
    private final FailureLines failures;
    private final TrafficLines traffic;
    private final Set<String> shownNotices = new HashSet<>();

    private Head head = new Head.None();
    private Path runFolder = Path.of("");
    private long totalSteps;

    /** The head needs what several reports say; it is printed once, when rank 0 is about to train. */
    private sealed interface Head {
        record None() implements Head {}

        record Announced(RunHead rows, Optional<Report.Prepared> prepared, Optional<Report.Restored> restored)
                implements Head {}

        record Printed() implements Head {}
    }

    /**
     * Makes a reporter.
     *
     * @param out the console
     * @param style of the text
     * @param job that is run
     * @param folder the person is in: paths are shown from here
     */
    public ConsoleReporter(PrintStream out, Style style, Job job, Path folder) {
        this.out = out;
        this.style = style;
        this.job = job;
        this.folder = folder.toAbsolutePath().normalize();
        this.steps = new StepLine(style, job.observe().logEvery());
        this.failures = new FailureLines(style, this::show);
        this.traffic = new TrafficLines(style, job);
    }

    @Override
    public void on(Instant at, RunEvent event) {
        switch (event) {
            case RunEvent.Started started -> started(started);
            case RunEvent.NotStarted _ -> {} // the command's error screen says it
            case RunEvent.RanksStarted _ -> steps.restart();
            case RunEvent.FromRank(int rank, Report report) -> fromRank(at, rank, report);
            case RunEvent.Live live -> live(live);
            case RunEvent.Waiting waiting -> waiting(waiting);
            case RunEvent.RankLost lost -> print(failures.lost(lost));
            case RunEvent.GenerationEnded ended -> print(failures.ended(ended));
            case RunEvent.Restarting restarting -> print(failures.restarting(restarting));
            case RunEvent.Recovered recovered -> print(failures.recovered(recovered));
            case RunEvent.Requested(String what, String by) -> print(requested(what, by));
            case RunEvent.Hang hang -> print(failures.hang(hang));
            case RunEvent.Notice(Report.Level level, String text) -> notice(level, "", text);
            case RunEvent.Ended ended -> ended(ended);
        }
    }

    private void started(RunEvent.Started started) {
        runFolder = started.runFolder();
        totalSteps = started.steps();
        failures.runIs(runFolder);
        head = new Head.Announced(
                new RunHead(job, started.ranks(), started.transport()), Optional.empty(), Optional.empty());
        String logs = started.ranks() == 1
                ? "rank-00000.log"
                : started.ranks() <= 10 ? "rank-0000[0-" + (started.ranks() - 1) + "].log" : "rank-*.log";
        print("%-10s %s      log/%s".formatted("run", show(runFolder), logs));
    }

    private void fromRank(Instant at, int rank, Report report) {
        if (rank == 0) {
            prepareHead(report);
        }
        switch (report) {
            case Report.Step step -> steps.next(at, rank, step).ifPresent(this::print);
            case Report.Notice(Report.Level level, String code, String text) -> notice(level, code, text);
            case Report.Evaluated evaluated when rank == 0 -> print(evaluated(evaluated));
            case Report.Sampled sampled when rank == 0 -> sampled(sampled);
            case Report.Saved saved when rank == 0 -> print(saved(saved));
            case Report.Sent sent when rank == 0 -> traffic.lines(sent).forEach(this::print);
            case Report.Evaluated _, Report.Sampled _, Report.Saved _, Report.Sent _, Report.Quantized _ -> {}
            case Report.Entered _, Report.Ready _, Report.Prepared _, Report.Restored _ -> {}
            case Report.Committing _, Report.Where _, Report.Failed _, Report.Done _ -> {}
        }
    }

    private void prepareHead(Report report) {
        if (report instanceof Report.Restored restored) {
            restored.skipped().forEach(skipped -> notice(Report.Level.WARNING, "", skipped));
        }
        if (!(head instanceof Head.Announced(RunHead rows, var prepared, var restored))) {
            return;
        }
        switch (report) {
            case Report.Prepared found -> head = new Head.Announced(rows, Optional.of(found), restored);
            case Report.Restored found -> head = new Head.Announced(rows, prepared, Optional.of(found));
            case Report.Entered(Phase phase)
            when phase.compareTo(Phase.LOAD) > 0 -> printHead(rows, prepared, restored);
            case Report.Step _ -> printHead(rows, prepared, restored);
            default -> {}
        }
    }

    private void printHead(RunHead rows, Optional<Report.Prepared> prepared, Optional<Report.Restored> restored) {
        prepared.ifPresent(found -> {
            rows.lines(found, restored).forEach(this::print);
            head = new Head.Printed();
        });
    }

    private void live(RunEvent.Live live) {
        if (live.ranks() > 1) {
            print(style.faint("%-10s %d ranks found each other in %s"
                    .formatted("ready", live.ranks(), Readable.time(live.took()))));
        }
    }

    private void waiting(RunEvent.Waiting waiting) {
        List<Integer> missing = waiting.missing();
        String who = missing.size() == waiting.ranks() && waiting.ranks() > 1
                ? "all " + waiting.ranks() + " ranks"
                : missing.size() == 1
                        ? "rank " + missing.getFirst()
                        : missing.size() + " of " + waiting.ranks() + " ranks (" + list(missing) + ")";
        print(style.faint("%-10s for %s in phase %s: %s so far, %s left"
                .formatted(
                        "waiting",
                        who,
                        waiting.phase().title(),
                        Readable.time(waiting.waited()),
                        Readable.time(waiting.left()))));
    }

    static String list(List<Integer> ranks) {
        return ranks.stream().map(String::valueOf).collect(Collectors.joining(" "));
    }

    private String evaluated(Report.Evaluated evaluated) {
        return "%s  loss %.4f%s  on %s tokens in %s"
                .formatted(
                        StepLine.label("eval", evaluated.step(), totalSteps),
                        evaluated.loss(),
                        evaluated.best() ? " (best)" : "",
                        Readable.count(evaluated.tokens()),
                        Readable.time(Duration.ofNanos(evaluated.durationNs())));
    }

    private void sampled(Report.Sampled sampled) {
        String text = style.strong(clean(sampled.prompt())) + clean(sampled.text());
        text.strip().lines().forEach(line -> print("  | " + line));
    }

    /** What a young model writes may hold anything; a terminal must not obey it. */
    private static String clean(String text) {
        return text.replaceAll("[\\p{Cntrl}&&[^\n\t]]", "\u00b7");
    }

    private String saved(Report.Saved saved) {
        return "%s  %s in %s  %s"
                .formatted(
                        StepLine.label("save", saved.step(), totalSteps),
                        Readable.bytes(saved.bytes()),
                        Readable.time(Duration.ofNanos(saved.durationNs())),
                        style.faint(Path.of(saved.folder()).getFileName().toString()));
    }

    /** What several ranks notice is shown once. */
    private void notice(Report.Level level, String code, String text) {
        if (!shownNotices.add(code + text)) {
            return;
        }
        String line = code.isEmpty() ? text : code + "  " + text;
        print(
                switch (level) {
                    case WARNING -> style.warning("!  " + line);
                    case INFO -> "   " + line;
                });
    }

    private static String requested(String what, String by) {
        return switch (what) {
            case "stop" -> "%-10s asked for by %s: finishing the step and saving".formatted("stop", by);
            case "interrupt" -> "%-10s by %s: leaving at once, without saving".formatted("interrupt", by);
            default -> "%-10s asked for by %s".formatted(what, by);
        };
    }

    private void ended(RunEvent.Ended ended) {
        String took = Readable.clock(ended.took());
        String steps = Readable.count(ended.step());
        String run = show(runFolder);
        switch (ended.outcome()) {
            case FINISHED -> {
                print("%-10s %s steps in %s".formatted(style.good("done"), steps, took));
                print("%-10s dunlin sample %s".formatted("next", run));
            }
            case STOPPED -> {
                print("%-10s after step %s, %s; the newest checkpoint is of step %s"
                        .formatted("stopped", steps, took, Readable.count(ended.lastSaved())));
                print("%-10s dunlin resume %s".formatted("next", run));
            }
            case INTERRUPTED -> {
                print("%-10s after step %s, %s; nothing was saved since step %s"
                        .formatted("left", steps, took, Readable.count(ended.lastSaved())));
                print("%-10s dunlin resume %s".formatted("next", run));
            }
            case FAILED -> print(failures.end(ended));
        }
    }

    private String show(Path path) {
        Path whole = path.toAbsolutePath().normalize();
        return whole.startsWith(folder) ? folder.relativize(whole).toString() : whole.toString();
    }

    private void print(String line) {
        out.print(line.endsWith("\n") ? line : line + "\n");
        out.flush();
    }
}
