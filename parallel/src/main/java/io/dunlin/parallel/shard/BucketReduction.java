package io.dunlin.parallel.shard;

import io.dunlin.collectives.Work;
import io.dunlin.train.GradientExchange.GradientPartials;

/** The collective that a full bucket of gradients needs. */
sealed interface BucketReduction permits RunningReduction, ScatterReduction, TreeReduction {
    /** Takes up the step that begins. */
    void begin(GradientPartials partials);

    /**
     * Starts the exchange of a bucket; its sums on this rank are final.
     *
     * @param memory of the bucket, on the host
     */
    Work start(GradientBucket bucket, BucketMemory memory);
}
