package io.dunlin.checkpoint;

import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * Which checkpoints stay. One that any rule keeps, stays; the newest complete one always does.
 *
 * @param keepLast this many of the newest, at least 1
 * @param keepEverySteps those whose step is a multiple of this; 0 for none
 * @param keepBest this many with the lowest validation loss; 0 for none
 */
public record Retention(int keepLast, long keepEverySteps, int keepBest) {
    /** Checks the counts. */
    public Retention {
        if (keepLast < 1 || keepEverySteps < 0 || keepBest < 0) {
            throw new IllegalArgumentException("keep_last must be 1 or more, keep_every and keep_best 0 or more");
        }
    }

    /**
     * A complete checkpoint.
     *
     * @param step of the run
     * @param validationLoss in nats, if there was an evaluation since the checkpoint before
     */
    public record Complete(long step, OptionalDouble validationLoss) {}

    /** The steps among {@code complete} that may be deleted, oldest first. */
    public List<Long> surplus(List<Complete> complete) {
        Set<Long> kept = new HashSet<>();
        complete.stream()
                .map(Complete::step)
                .sorted(Comparator.reverseOrder())
                .limit(keepLast)
                .forEach(kept::add);
        complete.stream()
                .filter(c -> Double.isFinite(c.validationLoss().orElse(Double.NaN)))
                .sorted(Comparator.comparingDouble(
                                (Complete c) -> c.validationLoss().orElseThrow())
                        .thenComparing(Comparator.comparingLong(Complete::step).reversed()))
                .limit(keepBest)
                .map(Complete::step)
                .forEach(kept::add);
        return complete.stream()
                .map(Complete::step)
                .filter(step -> !kept.contains(step) && (keepEverySteps == 0 || step % keepEverySteps != 0))
                .sorted()
                .toList();
    }
}
