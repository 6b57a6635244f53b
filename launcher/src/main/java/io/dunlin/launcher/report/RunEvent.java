package io.dunlin.launcher.report;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/**
 * What happens to a run, as its agent sees it. The console, {@code metrics.jsonl} and {@code run.json} are all made from
 * these; a {@link RunListener} decides what to show.
 */
public sealed interface RunEvent {

    /**
     * A run begins or continues.
     *
     * @param runFolder holds everything about the run
     * @param job name of the job
     * @param ranks how many
     * @param transport between ranks, {@code none} for one rank
     * @param steps of the whole run
     */
    record Started(Path runFolder, String job, int ranks, String transport, long steps) implements RunEvent {}

    /** The processes of a generation have been started. */
    record RanksStarted(long generation, List<Rank> ranks) implements RunEvent {}

    /** A rank process; {@code host} is empty for the agent's own. */
    record Rank(int rank, String host, long pid, int threads, Path log) {}

    /** A report of a rank of the live generation. */
    record FromRank(int rank, Report report) implements RunEvent {}

    /** No rank could be started; whoever called the agent is told why. {@code lastSaved} as in {@link Ended}. */
    record NotStarted(long lastSaved) implements RunEvent {}

    /** All ranks of a generation have acknowledged the same members. */
    record Live(long generation, int ranks, Duration took) implements RunEvent {}

    /** A phase takes long: who is missing, and how long until its deadline. */
    record Waiting(Phase phase, List<Integer> missing, int ranks, Duration waited, Duration left) implements RunEvent {}

    /**
     * A rank has ended although nobody asked it to; the first of a generation is the root cause.
     *
     * @param rank that ended
     * @param host it was on; empty for the agent's own
     * @param pid it had there
     * @param ending for people: {@code ended by signal 9}, or {@code exited with 1}
     * @param step it was working on, from 1; 0 before the first
     * @param code of the failure it reported; empty if it reported none
     * @param message what it reported; empty if nothing
     * @param remedy what it proposed; empty if nothing
     * @param stack its trace; empty if it reported none
     * @param log its log file
     */
    record RankLost(
            int rank,
            String host,
            long pid,
            String ending,
            long step,
            String code,
            String message,
            String remedy,
            String stack,
            Path log)
            implements RunEvent {}

    /** Survivors of a failed generation have all left; how long that took, and how many had to be killed. */
    record GenerationEnded(long generation, List<Integer> survivors, int killed, Duration took) implements RunEvent {}

    /** The run starts again. {@code fromStep} is the newest complete checkpoint's, 0 from scratch. */
    record Restarting(int attempt, int limit, long fromStep, long lostSteps, Duration backOff) implements RunEvent {}

    /** The first step after a restart is complete; where the time went. */
    record Recovered(long step, Budget budget) implements RunEvent {}

    /**
     * The time from a failure to the first step after it.
     *
     * @param detect from the lost rank's last sign of life to the agent's knowing: at most this long unnoticed
     * @param stop until the last survivor had left
     * @param backOff waited on purpose
     * @param start until the new generation was live
     * @param load until all ranks had model, data and checkpoint
     * @param firstStep until all ranks had finished a step
     */
    record Budget(Duration detect, Duration stop, Duration backOff, Duration start, Duration load, Duration firstStep) {
        /** All of it. */
        public Duration total() {
            return detect.plus(stop).plus(backOff).plus(start).plus(load).plus(firstStep);
        }
    }

    /** A request has been passed to the ranks: {@code stop}, {@code save} or {@code interrupt}, and who asked. */
    record Requested(String what, String by) implements RunEvent {
        /** From the name of an enum constant. */
        public static Requested of(String constant, String by) {
            return new Requested(constant.toLowerCase(Locale.ROOT), by);
        }
    }

    /** No progress within the deadline; one line for each rank says where it is. */
    record Hang(Phase phase, long step, Duration limit, List<String> where, Path dumps) implements RunEvent {}

    /** A line from the agent itself. */
    record Notice(Report.Level level, String text) implements RunEvent {}

    /**
     * The run is over.
     *
     * @param outcome how
     * @param step last complete one
     * @param lastSaved step of the newest complete checkpoint; 0 if there is none
     * @param took since the agent started
     * @param code why it was not started again; empty if it did not fail, or if the last {@link RankLost} says it all
     * @param reason for a failed run, why it was not started again; the cause itself is the last {@link RankLost}
     * @param remedy what to do next; may be empty
     */
    record Ended(Outcome outcome, long step, long lastSaved, Duration took, String code, String reason, String remedy)
            implements RunEvent {}

    /** How a run ended. */
    enum Outcome {
        FINISHED,
        STOPPED,
        FAILED,
        INTERRUPTED
    }
}
