package io.dunlin.launcher.agent;

import io.dunlin.error.ExitCode;
import java.time.Duration;
import java.util.Arrays;

/**
 * Whether a failed run is started again.
 *
 * <p>Not if the cause will be the same next time (the job file, this machine, an unreadable checkpoint), not if the same
 * step has failed twice in a row, and not more often than the limit. Each wait is twice the one before, for as long as
 * the run gets no further than it did.
 */
final class RestartPolicy {
    private static final Duration LONGEST_WAIT = Duration.ofMinutes(1);

    private final int limit;
    private final Duration backOff;
    private int restarts;
    private int fruitless;
    private long lastStep = -1;

    RestartPolicy(int limit, Duration backOff) {
        this.limit = limit;
        this.backOff = backOff;
    }

    /** What to do about a generation's root cause. */
    sealed interface Decision {
        /** Start again after a wait; this is restart {@code attempt} of {@code limit}. */
        record Restart(int attempt, int limit, Duration backOff) implements Decision {}

        /** Give up. */
        record GiveUp(String code, String reason, String remedy, ExitCode exitCode) implements Decision {}
    }

    /** Decides; called once for each failed generation. */
    Decision after(Failure cause) {
        ExitCode exitCode = Arrays.stream(ExitCode.values())
                .filter(code -> code.number() == cause.exitCode())
                .findFirst()
                .orElse(ExitCode.RANK_FAILED);
        if (cause.report().isPresent() && hopeless(exitCode)) {
            // What the rank has said is all there is to say.
            return new Decision.GiveUp("", "starting again would end the same way", "", exitCode);
        }
        // Who is killed twice while it starts was not killed by what it computes.
        boolean telling = cause.step() > 0 || cause.report().isPresent();
        if (cause.step() == lastStep && telling) {
            return new Decision.GiveUp(
                    "DUN-205",
                    cause.step() == 0
                            ? "the start has failed twice in a row: it is not tried again"
                            : "step %d has failed twice in a row: it is not tried again".formatted(cause.step()),
                    "look into the log; dunlin resume RUN tries once more",
                    ExitCode.RANK_FAILED);
        }
        fruitless = cause.step() > lastStep ? 0 : fruitless + 1;
        lastStep = cause.step();
        return again();
    }

    /** Decides after a generation whose ranks could not all be started: a host may come back. */
    Decision afterNoStart() {
        fruitless++;
        return again();
    }

    private Decision again() {
        if (restarts >= limit) {
            return new Decision.GiveUp(
                    "DUN-202",
                    limit == 0
                            ? "restarts are off (launch.restarts = 0)"
                            : "all %d restarts are used up".formatted(limit),
                    "dunlin resume RUN",
                    ExitCode.RANK_FAILED);
        }
        restarts++;
        Duration wait = backOff.multipliedBy(1L << Math.min(fruitless, 16));
        return new Decision.Restart(restarts, limit, wait.compareTo(LONGEST_WAIT) > 0 ? LONGEST_WAIT : wait);
    }

    /** Whether the next try would end the same way. */
    private static boolean hopeless(ExitCode exitCode) {
        return switch (exitCode) {
            case USAGE, ENVIRONMENT, CHECKPOINT, HANG -> true;
            case DONE, BUG, RANK_FAILED, STOPPED, INTERRUPTED -> false;
        };
    }
}
