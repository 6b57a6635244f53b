package io.dunlin.launcher.agent;

import io.dunlin.launcher.report.Report;
import io.dunlin.launcher.worker.Command;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Where every rank is when nothing moves any more.
 *
 * @param where one line for each rank, for people
 * @param silent ranks that did not answer
 */
record HangReport(List<String> where, List<Integer> silent) {
    private static final Duration PATIENCE = Duration.ofSeconds(3);

    /** Asks every rank for its stacks, waits a moment for the answers. */
    static HangReport take(GenerationRun.Context context, long generation, List<RankWatch> ranks) {
        long askedNs = context.timeline().nowNs();
        List<Duration> silence = ranks.stream()
                .map(watch -> Duration.ofNanos(askedNs - watch.lastWordNs()))
                .toList();
        ranks.forEach(watch -> watch.send(new Command.Dump()));
        long deadlineNs = askedNs + PATIENCE.toNanos();
        while (ranks.stream()
                        .anyMatch(watch -> watch.running() && watch.frames().isEmpty())
                && context.timeline().nowNs() < deadlineNs) {
            Optional<AgentEvent> event = context.timeline().next(deadlineNs);
            if (event.isPresent()) {
                note(event.get(), generation, ranks, context.timeline().nowNs());
            }
        }
        List<String> lines = new ArrayList<>();
        List<Integer> silent = new ArrayList<>();
        for (RankWatch watch : ranks) {
            lines.add(line(watch, silence.get(watch.rank())));
            if (watch.running() && watch.frames().isEmpty()) {
                silent.add(watch.rank());
            }
        }
        return new HangReport(lines, silent);
    }

    private static void note(AgentEvent event, long generation, List<RankWatch> ranks, long nowNs) {
        switch (event) {
            case AgentEvent.Reported(long from, int rank, Report report)
            when from == generation && (report instanceof Report.Where || report instanceof Report.Failed) ->
                ranks.get(rank).heard(report, nowNs);
            case AgentEvent.Exited(long from, int rank, RankExit exit)
            when from == generation -> ranks.get(rank).exited(exit);
            case AgentEvent.Reported _, AgentEvent.Exited _, AgentEvent.Asked _ -> {}
        }
    }

    private static String line(RankWatch watch, Duration silence) {
        String where = !watch.frames().isEmpty()
                ? "in "
                        + String.join(
                                " <- ",
                                watch.frames()
                                        .subList(0, Math.min(3, watch.frames().size())))
                : "does not answer, process is " + watch.handle().state();
        return "%s %s, %s, silent for %.1f s: %s"
                .formatted(
                        watch.name(),
                        watch.phase().title(),
                        watch.workingOn() == 0 ? "before step 1" : "step " + watch.workingOn(),
                        silence.toMillis() / 1000.0,
                        where);
    }
}
