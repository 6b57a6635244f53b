package io.dunlin.checkpoint;

import java.time.Duration;

/**
 * When to save, and what to keep.
 *
 * @param cadence how often, apart from requests and the end of the run
 * @param retention which older ones stay
 */
public record CheckpointPolicy(Cadence cadence, Retention retention) {

    /** How often a run is saved. */
    public sealed interface Cadence {
        /** Whether a save is due after a step, by its number. */
        default boolean due(long step) {
            return false;
        }

        /** Whether a save should be asked for, by the time since the one before. */
        default boolean timeIsUp(Duration sinceLast) {
            return false;
        }
    }

    /** Only on request and at the end. */
    public record AtTheEnd() implements Cadence {}

    /** After each multiple of so many steps. */
    public record Steps(long steps) implements Cadence {
        /** Checks the number. */
        public Steps {
            if (steps < 1) {
                throw new IllegalArgumentException("a save every " + steps + " steps");
            }
        }

        @Override
        public boolean due(long step) {
            return step % steps == 0;
        }
    }

    /** One step after so much time has passed since the last save, by the clock of rank 0. */
    public record Every(Duration time) implements Cadence {
        @Override
        public boolean timeIsUp(Duration sinceLast) {
            return sinceLast.compareTo(time) >= 0;
        }
    }
}
