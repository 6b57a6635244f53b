package io.dunlin.parallel.shard;

import io.dunlin.collectives.Work;
import io.dunlin.train.GradientExchange.GradientPartials;

/** The collective that a full bucket of gradients needs. */
sealed interface BucketReduction permits RunningReduction, TreeReduction {
    /** Takes up the step that begins. */
    void begin(GradientPartials partials);

    /**
     * Starts the exchange of a bucket; its sums on this rank are final.
     *
     * @param bucket in memory of the host
     */
    Work start(BucketMemory bucket);
}
