package io.dunlin.checkpoint;

/**
 * When to save, and what to keep.
 *
 * @param intervalSteps save after each multiple of this many steps; 0 to save only on request and at the end
 * @param retention which older ones stay
 */
public record CheckpointPolicy(long intervalSteps, Retention retention) {
    /** Checks the interval. */
    public CheckpointPolicy {
        if (intervalSteps < 0) {
            throw new IllegalArgumentException("checkpoint.interval must be 0 or more");
        }
    }

    boolean due(long step) {
        return intervalSteps > 0 && step % intervalSteps == 0;
    }
}
