package io.dunlin.parallel.shard;

import io.dunlin.train.GradientExchange.GradientPartials;

/** Brings full buckets from where gradients are computed to the other ranks, and their sums back. */
sealed interface BucketCarrier extends AutoCloseable permits HostCarrier, StagedCarrier {
    /** A step begins. */
    void begin(GradientPartials partials);

    /** Sets out with the next bucket, in order; does not wait. Its sums are what the work submitted so far computes. */
    void start(GradientBucket bucket);

    /**
     * Returns when the sums of all buckets are there for the work submitted from here on.
     *
     * @return nanoseconds waited
     */
    long finish();

    @Override
    void close();
}
