package io.dunlin.parallel.shard;

import io.dunlin.collectives.Work;
import io.dunlin.train.GradientExchange.GradientPartials;

/** For gradients in memory that the host reaches: the network takes them from where they are. */
final class HostCarrier implements BucketCarrier {
    private final BucketReduction reduction;
    private final BucketSlices slices;
    private final Work[] started; // [bucket] of this step
    private int startedCount;

    HostCarrier(GradientBuckets buckets, BucketReduction reduction) {
        this.reduction = reduction;
        this.slices = new BucketSlices(buckets);
        this.started = new Work[buckets.count()];
    }

    @Override
    public void begin(GradientPartials partials) {
        startedCount = 0;
        reduction.begin(partials);
        slices.bind(partials);
    }

    @Override
    public void start(GradientBucket bucket) {
        started[startedCount++] = reduction.start(bucket, slices.of(bucket));
    }

    @Override
    public long finish() {
        long waitedNs = 0;
        for (int i = 0; i < startedCount; i++) {
            waitedNs += started[i].await();
        }
        return waitedNs;
    }

    @Override
    public void close() {
        // holds nothing of its own
    }
}
