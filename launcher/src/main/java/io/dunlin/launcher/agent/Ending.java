package io.dunlin.launcher.agent;

import io.dunlin.launcher.agent.AgentEvent.Ask;
import io.dunlin.launcher.report.Phase;
import io.dunlin.launcher.report.Report;
import io.dunlin.launcher.report.RunEvent;
import io.dunlin.launcher.worker.Command;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The end of a generation: its ranks are told why, given a moment to leave, then killed. What they say meanwhile still
 * counts for the root cause.
 */
final class Ending {
    private final GenerationRun.Context context;
    private final long generation;
    private final List<RankWatch> ranks;
    private final Map<Integer, Failure> failures = new LinkedHashMap<>();
    private final Map<Integer, Long> noticedNs = new LinkedHashMap<>();
    private final Set<Ask> asked = EnumSet.noneOf(Ask.class);

    Ending(GenerationRun.Context context, long generation, List<RankWatch> ranks) {
        this.context = context;
        this.generation = generation;
        this.ranks = ranks;
    }

    /** Returns when no process of the generation is left; {@code cause} may be empty if a rank has failed. */
    void run(String cause) {
        noteFailures();
        String told = cause.isEmpty() ? describe(rootCause()) : cause;
        for (RankWatch watch : ranks) {
            // One that still starts or connects holds nothing, and may not be listening yet.
            if (watch.phase().compareTo(Phase.LOAD) < 0) {
                watch.kill();
            } else {
                watch.send(new Command.Abort(told));
            }
        }
        gather(context.deadlines().leave().toNanos());
        ranks.stream().filter(RankWatch::running).forEach(RankWatch::didNotReact);
        noteFailures();
        kill();
    }

    /** Returns when no process of the generation is left, without asking any. */
    void kill() {
        ranks.forEach(RankWatch::kill);
        gather(context.deadlines().leave().toNanos());
        for (RankWatch watch : ranks) {
            if (watch.running()) {
                context.tell(new RunEvent.Notice(
                        Report.Level.WARNING,
                        "%s was killed and has not left yet: %s"
                                .formatted(watch.name(), watch.handle().state())));
            }
        }
    }

    /** What was asked for while the generation ended. */
    Set<Ask> asked() {
        return asked;
    }

    /** The failure that began it; only after a rank has failed. */
    Failure rootCause() {
        return Failure.rootCause(List.copyOf(failures.values()));
    }

    private void gather(long limitNs) {
        long deadlineNs = context.timeline().nowNs() + limitNs;
        while (ranks.stream().anyMatch(RankWatch::running) && context.timeline().nowNs() < deadlineNs) {
            Optional<AgentEvent> event = context.timeline().next(deadlineNs);
            if (event.isPresent()) {
                handle(event.get());
            }
        }
    }

    private void handle(AgentEvent event) {
        switch (event) {
            case AgentEvent.Reported(long from, int rank, Report report)
            when from == generation -> {
                ranks.get(rank).heard(report, context.timeline().nowNs());
                context.tell(new RunEvent.FromRank(rank, report));
            }
            case AgentEvent.Exited(long from, int rank, RankExit exit)
            when from == generation -> ranks.get(rank).exited(exit);
            case AgentEvent.Asked(Ask what, String by) -> {
                context.tell(RunEvent.Requested.of(what.name(), by));
                asked.add(what);
                if (what == Ask.INTERRUPT) {
                    ranks.forEach(RankWatch::kill);
                }
            }
            case AgentEvent.Reported _, AgentEvent.Exited _ -> {}
        }
        noteFailures();
    }

    private void noteFailures() {
        long nowNs = context.timeline().nowNs();
        for (RankWatch watch : ranks) {
            if (watch.hasFailed() || watch.frozen()) {
                long sinceNs = noticedNs.computeIfAbsent(watch.rank(), _ -> nowNs);
                failures.put(watch.rank(), watch.failure(sinceNs));
            }
        }
    }

    static String describe(Failure failure) {
        String message = failure.message();
        return "rank %d %s%s".formatted(failure.rank(), failure.ending(), message.isEmpty() ? "" : ": " + message);
    }
}
