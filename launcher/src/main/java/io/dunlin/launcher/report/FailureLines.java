package io.dunlin.launcher.report;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;

/** What is said when ranks fail. The root cause is kept, so that the end can name it last. */
final class FailureLines {
    private static final int KILL = 9;

    private final Style style;
    private final Function<Path, String> show;
    private Optional<RunEvent.RankLost> cause = Optional.empty();
    private Path runFolder = Path.of("");

    FailureLines(Style style, Function<Path, String> show) {
        this.style = style;
        this.show = show;
    }

    void runIs(Path folder) {
        runFolder = folder;
    }

    String lost(RunEvent.RankLost lost) {
        cause = Optional.of(lost);
        String reason = lost.code().isEmpty()
                ? lost.stack().isEmpty()
                        ? "It reported no failure"
                        : lost.stack().lines().findFirst().orElse("")
                : lost.code() + "  " + lost.message().lines().findFirst().orElse("");
        return style.alarm("!! rank %d".formatted(lost.rank()))
                + " (%s) %s%s\n   %s: see %s"
                        .formatted(process(lost), lost.ending(), at(lost.step()), reason, show.apply(lost.log()));
    }

    private static String process(RunEvent.RankLost lost) {
        return "pid " + lost.pid() + (lost.host().isEmpty() ? "" : " on " + lost.host());
    }

    private static String at(long step) {
        return step > 0 ? " at step " + Readable.count(step) : " before the first step";
    }

    String ended(RunEvent.GenerationEnded ended) {
        String who = ended.survivors().isEmpty()
                ? "no other ranks were running"
                : (ended.survivors().size() == 1 ? "rank " : "ranks ") + ConsoleReporter.list(ended.survivors())
                        + " stopped in " + seconds(ended.took()) + " s";
        return "   " + who + (ended.killed() > 0 ? ", " + ended.killed() + " of them by force" : "");
    }

    String restarting(RunEvent.Restarting restarting) {
        String from = restarting.fromStep() == 0
                ? "from the beginning"
                : "from step %s (newest complete)".formatted(Readable.count(restarting.fromStep()));
        return "   restart %d of %d: %s, losing %s steps%s"
                .formatted(
                        restarting.attempt(),
                        restarting.limit(),
                        from,
                        Readable.count(restarting.lostSteps()),
                        restarting.backOff().isZero() ? "" : ", in " + Readable.time(restarting.backOff()));
    }

    String recovered(RunEvent.Recovered recovered) {
        RunEvent.Budget budget = recovered.budget();
        return "   back at step %s after %s s: detect %s, stop %s, wait %s, start %s, load %s, first step %s"
                .formatted(
                        Readable.count(recovered.step()),
                        seconds(budget.total()),
                        seconds(budget.detect()),
                        seconds(budget.stop()),
                        seconds(budget.backOff()),
                        seconds(budget.start()),
                        seconds(budget.load()),
                        seconds(budget.firstStep()));
    }

    String hang(RunEvent.Hang hang) {
        StringBuilder text = new StringBuilder(style.alarm("!! no progress"));
        text.append(" for %s in phase %s%s"
                .formatted(Readable.time(hang.limit()), hang.phase().title(), at(hang.step())));
        hang.where().forEach(line -> text.append("\n   ").append(line));
        return text.append("\n   stacks of all threads: ")
                .append(show.apply(hang.dumps()))
                .toString();
    }

    /** The end of a failed run; its last lines are the cause. */
    String end(RunEvent.Ended ended) {
        StringBuilder text = new StringBuilder();
        text.append("%s     after step %s, %s; the newest checkpoint is of step %s\n"
                .formatted(
                        style.alarm("failed"),
                        Readable.count(ended.step()),
                        Readable.clock(ended.took()),
                        Readable.count(ended.lastSaved())));
        if (!ended.code().isEmpty()) {
            text.append(ErrorText.of(style, ended.code(), ended.reason(), run(ended.remedy())));
        }
        cause.ifPresent(lost -> text.append(causeOf(lost)));
        return text.toString();
    }

    private String causeOf(RunEvent.RankLost lost) {
        StringBuilder text = new StringBuilder("\n");
        text.append(style.strong("cause"))
                .append("      rank %d (%s) %s%s\n"
                        .formatted(lost.rank(), process(lost), lost.ending(), at(lost.step())));
        text.append("           log: ").append(show.apply(lost.log())).append('\n');
        if (!lost.code().isEmpty()) {
            return text.append(ErrorText.of(style, lost.code(), lost.message(), run(lost.remedy())))
                    .toString();
        }
        if (!lost.stack().isEmpty()) {
            return text.append(lost.stack().strip())
                    .append('\n')
                    .append(ErrorText.bug(style, Version.current()))
                    .toString();
        }
        if (lost.ending().endsWith("signal " + KILL)) {
            text.append(
                    "           Signal 9 comes from outside: kill -9, or the kernel when memory is short (dmesg says so).\n");
        }
        return text.toString();
    }

    /** Commands in a remedy name the run as {@code RUN}. */
    private String run(String remedy) {
        return remedy.replaceAll("\\bRUN\\b", java.util.regex.Matcher.quoteReplacement(show.apply(runFolder)));
    }

    private static String seconds(Duration time) {
        return String.format(Locale.ROOT, "%.1f", time.toNanos() / 1e9);
    }
}
