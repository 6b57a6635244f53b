package io.dunlin.train;

import io.dunlin.data.Batch;
import io.dunlin.data.MicroBatch;
import io.dunlin.model.Pass;
import io.dunlin.tensor.Tensor;
import io.dunlin.train.GradientExchange.GradientPartials;
import io.dunlin.train.GradientExchange.Range;

/** Adds up the gradients of the micro-batches of a rank, or of a group of ranks that share the sums. */
public interface GradientAccumulator {
    /** A step begins. */
    GradientPartials begin(Batch batch);

    /**
     * Forward and backward of this rank's micro-batch of a turn.
     *
     * @param ready told of the parts whose sums include this turn
     * @return the sum of its losses
     */
    double add(Pass pass, MicroBatch microBatch, float gradientScale, GradientReady ready);

    /** A turn in which this rank has no micro-batch, but others of its group may have one. */
    void skip(Pass pass, GradientReady ready);

    /** Nanoseconds that this rank has waited for others in {@link #add} and {@link #skip} since this was made. */
    long waitedNs();

    /** Length of the sums. */
    long elements();

    /** A range of the sum over all ranks, when the exchange has finished. */
    Tensor result(Range range);

    /** Directs the gradients of what this rank updates to that sum. */
    void deliver();
}
