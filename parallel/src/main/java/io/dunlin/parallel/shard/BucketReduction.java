package io.dunlin.parallel.shard;

import io.dunlin.collectives.Work;
import io.dunlin.train.GradientExchange.GradientPartials;

/**
 * The collective that a full bucket of gradients needs.
 *
 * <p>Segments are cut per bucket once; a step that uses the same memory as the one before allocates nothing.
 */
sealed interface BucketReduction permits RunningReduction, TreeReduction {
    /** Points at the memory of the step that begins. */
    void bind(GradientPartials partials);

    /** Starts the exchange of a bucket; its sums on this rank are final. */
    Work start(GradientBucket bucket);
}
