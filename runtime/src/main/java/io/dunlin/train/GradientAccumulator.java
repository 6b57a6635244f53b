package io.dunlin.train;

import io.dunlin.data.Batch;
import io.dunlin.data.MicroBatch;
import io.dunlin.model.GradientReady;
import io.dunlin.model.Pass;
import io.dunlin.train.GradientExchange.GradientPartials;

/** Adds up the gradients of a rank's micro-batches. */
sealed interface GradientAccumulator permits RunningAccumulator, TreeAccumulator {
    /** A step begins. The partials are the same objects in every step of the same share. */
    GradientPartials begin(Batch batch);

    /**
     * Forward and backward of the next micro-batch, in order.
     *
     * @param ready told of the parts whose sums include this micro-batch
     * @return the sum of its losses
     */
    double add(Pass pass, MicroBatch microBatch, float gradientScale, GradientReady ready);

    /** Where the sum over all ranks is when the exchange has finished. */
    GradientBuffer result();
}
