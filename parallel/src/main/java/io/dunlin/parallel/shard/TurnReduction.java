package io.dunlin.parallel.shard;

import io.dunlin.data.Batch;
import io.dunlin.train.GradientExchange.GradientPartials;
import java.lang.foreign.MemorySegment;

/** How the gradients that the members of a group have made in one turn come to those who keep their parts. */
sealed interface TurnReduction permits RunningTurns, TreeTurns {
    /** Elements of a unit that this rank keeps. */
    long partElements(int unit);

    /** Whether a member without a micro-batch sends zeros; else it sends nothing. */
    boolean sendsZeros();

    /** A step begins. */
    GradientPartials begin(Batch batch);

    /**
     * Sends a unit's gradient to those who keep its parts, and does not wait.
     *
     * @param slot the whole unit's gradient, on the host
     */
    void start(int unit, int turn, Passage slot);

    /**
     * Waits for this rank's part of a unit and adds it to the sums, for the work submitted from here on.
     *
     * @return nanoseconds waited
     */
    long complete(int unit, int turn, Passage slot);

    /** Where the sum over all ranks is when the step's exchange has finished. */
    MemorySegment result();
}
