package io.dunlin.launcher.agent;

import io.dunlin.error.ExitCode;
import io.dunlin.launcher.place.Placement;
import io.dunlin.launcher.report.Phase;
import io.dunlin.launcher.report.Report;
import io.dunlin.launcher.report.RunEvent;
import io.dunlin.launcher.worker.LaunchSpec;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * One run, from its first generation to its last: starts a generation, and another from the newest complete checkpoint
 * if it failed and the policy allows it.
 */
final class Supervisor {
    private final GenerationRun.Context context;
    private final Assignment assignment;
    private final RestartPolicy policy;
    private final CheckpointShelf checkpoints;
    private final long startNs;

    /**
     * What every generation of a run is told.
     *
     * @param spec of rank 0 of no generation: all that is the same for all
     * @param placement of the ranks
     */
    record Assignment(LaunchSpec spec, Placement placement) {
        private List<LaunchSpec> forGeneration(long generation, LaunchSpec.Start start) {
            return IntStream.range(0, placement.ranks())
                    .mapToObj(rank -> spec.forRank(placement, rank, generation, start))
                    .toList();
        }
    }

    Supervisor(
            GenerationRun.Context context,
            Assignment assignment,
            RestartPolicy policy,
            CheckpointShelf checkpoints,
            long startNs) {
        this.context = context;
        this.assignment = assignment;
        this.policy = policy;
        this.checkpoints = checkpoints;
        this.startNs = startNs;
    }

    /** Trains to the end, whichever it is. */
    ExitCode run(LaunchSpec.Start first) {
        RecoveryClock recovery = RecoveryClock.first(context.timeline().nowNs());
        LaunchSpec.Start start = first;
        long step = 0;
        for (boolean begun = false; ; begun = true) {
            long generation = context.registry().open(assignment.placement().ranks());
            Next next;
            try {
                GenerationRun.Result result = new GenerationRun(
                                context, generation, assignment.forGeneration(generation, start), recovery)
                        .run();
                step = result.step();
                next = after(result);
            } catch (LaunchException e) {
                next = begun ? notStarted(e, start, step) : Next.End.of(e);
            }
            if (next instanceof Next.End end) {
                return ended(end, step);
            }
            Next.Again again = (Next.Again) next;
            recovery = RecoveryClock.after(again.lost(), context.timeline().nowNs());
            start = again.start();
        }
    }

    private Next after(GenerationRun.Result result) {
        return switch (result) {
            case GenerationRun.Result.Finished _ -> Next.End.of(RunEvent.Outcome.FINISHED, ExitCode.DONE);
            case GenerationRun.Result.Stopped _ -> Next.End.of(RunEvent.Outcome.STOPPED, ExitCode.STOPPED);
            case GenerationRun.Result.Interrupted _ -> Next.End.of(RunEvent.Outcome.INTERRUPTED, ExitCode.INTERRUPTED);
            case GenerationRun.Result.Hung(long _, Phase phase, Duration limit, List<Integer> missing) ->
                hung(phase, limit, missing);
            case GenerationRun.Result.Failed failed -> failed(failed);
        };
    }

    private static Next hung(Phase phase, Duration limit, List<Integer> missing) {
        boolean rendezvous = phase.compareTo(Phase.LOAD) < 0;
        return new Next.End(
                RunEvent.Outcome.FAILED,
                ExitCode.HANG,
                rendezvous ? "DUN-203" : "DUN-206",
                "no progress for %d s in phase %s (%s)%s"
                        .formatted(
                                limit.toSeconds(),
                                phase.title(),
                                Deadlines.key(phase),
                                missing.isEmpty() ? "" : "; no answer from rank " + join(missing)),
                rendezvous
                        ? "look into the logs of the missing ranks; a slow machine needs a larger timeouts.rendezvous"
                        : "look into the logs: every rank has written its stacks; then dunlin resume RUN");
    }

    private Next failed(GenerationRun.Result.Failed failed) {
        if (failed.stopping()) {
            return new Next.End(
                    RunEvent.Outcome.FAILED,
                    ExitCode.RANK_FAILED,
                    "DUN-202",
                    "a rank failed while the run was being stopped",
                    "dunlin resume RUN");
        }
        return switch (policy.after(failed.cause())) {
            case RestartPolicy.Decision.GiveUp(String code, String reason, String remedy, ExitCode exitCode) ->
                new Next.End(RunEvent.Outcome.FAILED, exitCode, code, reason, remedy);
            case RestartPolicy.Decision.Restart restart -> restart(Loss.of(failed), restart);
        };
    }

    /** For instance a host that was there for the first generation and is not now: it may come back. */
    private Next notStarted(LaunchException why, LaunchSpec.Start start, long step) {
        return switch (policy.afterNoStart()) {
            case RestartPolicy.Decision.GiveUp _ -> Next.End.of(why);
            case RestartPolicy.Decision.Restart restart -> {
                context.tell(new RunEvent.Notice(
                        Report.Level.WARNING, "%s  %s".formatted(why.code(), String.valueOf(why.getMessage()))));
                yield restart(new Loss(start, step, Duration.ZERO, Duration.ZERO), restart);
            }
        };
    }

    /** What the last generation leaves to the next: its start, its last step, and what it took to notice and to stop. */
    private record Loss(LaunchSpec.Start start, long step, Duration detect, Duration stop) {
        static Loss of(GenerationRun.Result.Failed failed) {
            return new Loss(
                    failed.start(),
                    failed.step(),
                    Duration.ofNanos(failed.cause().silentNs()),
                    failed.stop());
        }
    }

    private Next restart(Loss loss, RestartPolicy.Decision.Restart restart) {
        long fromStep =
                loss.start().kind() == LaunchSpec.Kind.STEP ? loss.start().step() : checkpoints.newestCompleteStep();
        context.tell(new RunEvent.Restarting(
                restart.attempt(), restart.limit(), fromStep, Math.max(0, loss.step() - fromStep), restart.backOff()));
        long waitFromNs = context.timeline().nowNs();
        long waitUntilNs = waitFromNs + restart.backOff().toNanos();
        while (context.timeline().nowNs() < waitUntilNs) {
            Optional<AgentEvent> event = context.timeline().next(waitUntilNs);
            if (event.isPresent() && event.get() instanceof AgentEvent.Asked(AgentEvent.Ask what, String by)) {
                context.tell(RunEvent.Requested.of(what.name(), by));
                switch (what) {
                    case STOP -> {
                        return Next.End.of(RunEvent.Outcome.STOPPED, ExitCode.STOPPED);
                    }
                    case INTERRUPT -> {
                        return Next.End.of(RunEvent.Outcome.INTERRUPTED, ExitCode.INTERRUPTED);
                    }
                    case SAVE ->
                        context.tell(new RunEvent.Notice(
                                Report.Level.INFO, "nothing to save: the newest checkpoint is of step " + fromStep));
                }
            }
        }
        return new Next.Again(
                loss.start(),
                new RecoveryClock.Lost(
                        loss.detect(),
                        loss.stop(),
                        Duration.ofNanos(context.timeline().nowNs() - waitFromNs)));
    }

    private ExitCode ended(Next.End end, long step) {
        long saved = checkpoints.newestCompleteStep();
        context.tell(new RunEvent.Ended(
                end.outcome(),
                Math.max(step, saved),
                saved,
                Duration.ofNanos(context.timeline().nowNs() - startNs),
                end.code(),
                end.reason(),
                end.remedy()));
        return end.exitCode();
    }

    private static String join(List<Integer> ranks) {
        return String.join(", ", ranks.stream().map(String::valueOf).toList());
    }

    /** What follows a generation. */
    private sealed interface Next {
        /** Another one. */
        record Again(LaunchSpec.Start start, RecoveryClock.Lost lost) implements Next {}

        /** Nothing more. */
        record End(RunEvent.Outcome outcome, ExitCode exitCode, String code, String reason, String remedy)
                implements Next {
            private static End of(RunEvent.Outcome outcome, ExitCode exitCode) {
                return new End(outcome, exitCode, "", "", "");
            }

            private static End of(LaunchException why) {
                return new End(
                        RunEvent.Outcome.FAILED,
                        why.exitCode(),
                        why.code(),
                        String.valueOf(why.getMessage()),
                        why.remedy());
            }
        }
    }
}
