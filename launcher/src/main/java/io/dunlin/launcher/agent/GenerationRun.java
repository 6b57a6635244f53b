package io.dunlin.launcher.agent;

import io.dunlin.launcher.agent.AgentEvent.Ask;
import io.dunlin.launcher.report.FlightFolder;
import io.dunlin.launcher.report.Phase;
import io.dunlin.launcher.report.Report;
import io.dunlin.launcher.report.RunEvent;
import io.dunlin.launcher.report.RunFolder;
import io.dunlin.launcher.report.RunListener;
import io.dunlin.launcher.worker.Command;
import io.dunlin.launcher.worker.LaunchSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The life of one generation: its ranks start, become ready, train, and all leave. Whatever happens to one ends it for
 * all; when {@link #run} returns, no process of this generation is left.
 */
final class GenerationRun {
    private static final long TICK_NS = 100_000_000L;
    private static final Duration FIRST_WAITING_LINE = Duration.ofSeconds(2);
    private static final Duration NEXT_WAITING_LINE = Duration.ofSeconds(10);

    private final Context context;
    private final long generation;
    private final List<LaunchSpec> specs;
    private final RecoveryClock recovery;
    private final List<RankWatch> ranks = new ArrayList<>();
    private final WaitingLines waiting;
    private final Blame blame;

    private boolean live;
    private boolean stopAsked;
    private long stopAskedNs;

    /**
     * What generations share.
     *
     * @param timeline events and time
     * @param launcher starts ranks
     * @param registry agrees on generations
     * @param listener is told
     * @param deadlines of phases
     */
    record Context(
            Timeline timeline,
            RankLauncher launcher,
            GenerationRegistry registry,
            RunListener listener,
            Deadlines deadlines) {
        void tell(RunEvent event) {
            listener.on(timeline.now(), event);
        }
    }

    /** How a generation ended; {@code step} is the last complete one. */
    sealed interface Result {
        /** The last complete step. */
        long step();

        /** All steps are done. */
        record Finished(long step) implements Result {}

        /** Stopped on request. */
        record Stopped(long step) implements Result {}

        /**
         * A rank failed.
         *
         * @param cause the first to fail
         * @param start from where the next generation would begin
         * @param stop what it took until all had left
         * @param stopping whether the run was being stopped anyway
         */
        record Failed(long step, Failure cause, LaunchSpec.Start start, Duration stop, boolean stopping)
                implements Result {}

        /** No progress in a phase. */
        record Hung(long step, Phase phase, Duration limit, List<Integer> ranks) implements Result {}

        /** Killed on request. */
        record Interrupted(long step) implements Result {}
    }

    /**
     * A generation that is not started yet.
     *
     * @param specs one for each rank, by rank
     * @param recovery measures the time since the last failure
     */
    GenerationRun(Context context, long generation, List<LaunchSpec> specs, RecoveryClock recovery) {
        this.context = context;
        this.generation = generation;
        this.specs = specs;
        this.recovery = recovery;
        this.waiting = new WaitingLines(context, FIRST_WAITING_LINE, NEXT_WAITING_LINE);
        this.blame = new Blame(context, new RunFolder(specs.getFirst().runFolder()).flights(generation), ranks);
    }

    /** Starts all ranks and returns when the last has left. */
    Result run() {
        try (blame) {
            try {
                start();
                return watch();
            } finally {
                // Whatever went wrong in here, no process outlives its generation.
                new Ending(context, generation, ranks).kill();
            }
        }
    }

    private void start() {
        pruneFlights();
        for (LaunchSpec spec : specs) {
            RankHandle handle = context.launcher().start(spec);
            ranks.add(new RankWatch(spec.rank(), handle, context.timeline().nowNs()));
        }
        context.tell(new RunEvent.RanksStarted(
                generation,
                ranks.stream()
                        .map(watch -> new RunEvent.Rank(
                                watch.rank(),
                                watch.handle().host(),
                                watch.handle().pid(),
                                specs.get(watch.rank()).threads(),
                                watch.handle().log()))
                        .toList()));
    }

    private void pruneFlights() {
        try {
            new FlightFolder(new RunFolder(specs.getFirst().runFolder())).prune();
        } catch (IOException | UncheckedIOException e) {
            context.tell(new RunEvent.Notice(Report.Level.WARNING, "old flight recordings stay: " + e));
        }
    }

    private Result watch() {
        while (true) {
            Optional<AgentEvent> event =
                    context.timeline().next(context.timeline().nowNs() + TICK_NS);
            Optional<Result> result = event.isPresent() ? handle(event.get()) : Optional.empty();
            if (result.isEmpty()) {
                result = allGone().or(this::firstFailure).or(this::overdue);
            }
            if (result.isPresent()) {
                return result.get();
            }
            waiting.look(ranks, live);
            blame.look();
        }
    }

    private Optional<Result> handle(AgentEvent event) {
        switch (event) {
            case AgentEvent.Reported(long from, int rank, Report report)
            when from == generation -> heard(ranks.get(rank), report);
            case AgentEvent.Exited(long from, int rank, RankExit exit)
            when from == generation -> ranks.get(rank).exited(exit);
            case AgentEvent.Asked(Ask what, String by) -> {
                return asked(what, by);
            }
            // An earlier generation has nothing to say any more.
            case AgentEvent.Reported _, AgentEvent.Exited _ -> {}
        }
        return Optional.empty();
    }

    private void heard(RankWatch watch, Report report) {
        watch.heard(report, context.timeline().nowNs());
        switch (report) {
            case Report.Ready(long from, String memberHash) -> ready(watch, from, memberHash);
            case Report.Committing(long from, long step) -> {
                if (from == generation && context.registry().live(generation)) {
                    watch.send(new Command.Commit(from, step));
                }
            }
            case Report.Entered(Phase phase)
            when phase == Phase.FIRST_STEP
                    && ranks.stream().allMatch(one -> one.phase().compareTo(Phase.FIRST_STEP) >= 0) ->
                recovery.loaded(context.timeline().nowNs());
            case Report.Step step
            when ranks.stream().allMatch(RankWatch::stepped) ->
                recovery.stepped(context.timeline().nowNs())
                        .ifPresent(budget -> context.tell(new RunEvent.Recovered(step.step(), budget)));
            default -> {}
        }
        context.tell(new RunEvent.FromRank(watch.rank(), report));
    }

    private void ready(RankWatch watch, long from, String memberHash) {
        String expected = specs.get(watch.rank()).memberHash();
        if (from != generation || !memberHash.equals(expected)) {
            context.tell(new RunEvent.Notice(
                    Report.Level.WARNING,
                    "rank %d joined generation %d with members %s, expected %d with %s: it does not count"
                            .formatted(watch.rank(), from, memberHash, generation, expected)));
            return;
        }
        watch.isReady();
        context.registry().acknowledge(from, watch.rank(), memberHash);
        if (!live && context.registry().live(generation)) {
            live = true;
            long nowNs = context.timeline().nowNs();
            Duration took = recovery.live(nowNs);
            context.tell(new RunEvent.Live(generation, ranks.size(), took));
            ranks.forEach(one -> one.go(nowNs));
        }
    }

    private Optional<Result> asked(Ask what, String by) {
        context.tell(RunEvent.Requested.of(what.name(), by));
        switch (what) {
            case SAVE -> ranks.forEach(watch -> watch.send(new Command.Save()));
            case STOP -> {
                if (!live) {
                    end("stopped before training began");
                    return Optional.of(new Result.Stopped(lastStep()));
                }
                if (!stopAsked) {
                    stopAsked = true;
                    stopAskedNs = context.timeline().nowNs();
                    ranks.forEach(watch -> watch.send(new Command.Stop()));
                }
            }
            case INTERRUPT -> {
                new Ending(context, generation, ranks).kill();
                return Optional.of(new Result.Interrupted(lastStep()));
            }
        }
        return Optional.empty();
    }

    private Optional<Result> allGone() {
        if (ranks.stream().anyMatch(watch -> watch.running() || watch.done().isEmpty())) {
            return Optional.empty();
        }
        boolean finished =
                ranks.stream().allMatch(watch -> watch.done().orElseThrow().end() == Report.End.FINISHED);
        return Optional.of(finished ? new Result.Finished(lastStep()) : new Result.Stopped(lastStep()));
    }

    private Optional<Result> firstFailure() {
        if (ranks.stream().noneMatch(RankWatch::hasFailed)) {
            return Optional.empty();
        }
        long noticedNs = context.timeline().nowNs();
        blame.consider();
        Ending ending = end("");
        Failure cause = ending.rootCause();
        RankWatch lost = ranks.get(cause.rank());
        context.tell(new RunEvent.RankLost(
                cause.rank(),
                lost.handle().host(),
                lost.handle().pid(),
                cause.ending(),
                cause.step(),
                cause.report().map(Report.Failed::code).orElse(""),
                cause.message(),
                cause.report().map(Report.Failed::remedy).orElse(""),
                cause.report().map(Report.Failed::stack).orElse(""),
                lost.handle().log()));
        blame.tell();
        Duration stop = Duration.ofNanos(context.timeline().nowNs() - noticedNs);
        List<Integer> survivors = ranks.stream()
                .map(RankWatch::rank)
                .filter(rank -> rank != cause.rank())
                .toList();
        int killed = (int) ranks.stream().filter(RankWatch::killed).count();
        context.tell(new RunEvent.GenerationEnded(generation, survivors, killed, stop));
        if (ending.asked().contains(Ask.INTERRUPT)) {
            return Optional.of(new Result.Interrupted(lastStep()));
        }
        if (ending.asked().contains(Ask.STOP)) {
            return Optional.of(new Result.Stopped(lastStep()));
        }
        // A generation that got as far as training has taken its start; it goes on from there.
        boolean trained = ranks.stream().anyMatch(watch -> watch.phase().compareTo(Phase.FIRST_STEP) >= 0);
        LaunchSpec.Start next =
                trained ? LaunchSpec.Start.NEWEST : specs.getFirst().start();
        return Optional.of(new Result.Failed(lastStep(), cause, next, stop, stopAsked));
    }

    /** The phase whose deadline has passed, if there is one. */
    private Optional<Result> overdue() {
        long nowNs = context.timeline().nowNs();
        for (RankWatch watch : ranks) {
            boolean waits = !live && watch.ready();
            long limitNs = context.deadlines().of(watch.phase()).toNanos();
            if (watch.running() && !waits && nowNs - watch.phaseSinceNs() > limitNs) {
                return Optional.of(hung(watch.phase()));
            }
            // Its work is done and said: whatever keeps the process is not worth waiting for.
            if (watch.done().isPresent()
                    && nowNs - watch.lastWordNs() > context.deadlines().leave().toNanos()) {
                watch.kill();
            }
        }
        if (stopAsked && nowNs - stopAskedNs > context.deadlines().grace().toNanos()) {
            return Optional.of(hung(Phase.STOP));
        }
        return Optional.empty();
    }

    private Result hung(Phase phase) {
        Duration limit = context.deadlines().of(phase);
        HangReport report = HangReport.take(context, generation, ranks);
        context.tell(new RunEvent.Hang(
                phase,
                lastStep(),
                limit,
                report.where(),
                ranks.getFirst().handle().log()));
        blame.consider();
        blame.tell();
        end("no progress in phase " + phase.title());
        return new Result.Hung(lastStep(), phase, limit, report.silent());
    }

    private Ending end(String cause) {
        Ending ending = new Ending(context, generation, ranks);
        ending.run(cause);
        return ending;
    }

    private long lastStep() {
        return ranks.stream().mapToLong(RankWatch::step).max().orElse(0);
    }
}
