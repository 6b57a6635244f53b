package io.dunlin.parallel.shard;

import io.dunlin.collectives.Communicator;
import io.dunlin.train.GradientExchange;
import java.util.List;

/** Exchanges of gradients that are in memory of the host. */
final class OnHost {
    private OnHost() {}

    static DataParallelExchange fast(Communicator communicator, GradientBuckets buckets) {
        return of(communicator, buckets, new RunningReduction(communicator));
    }

    static DataParallelExchange deterministic(Communicator communicator, GradientBuckets buckets) {
        return of(communicator, buckets, new TreeReduction(communicator));
    }

    private static DataParallelExchange of(
            Communicator communicator, GradientBuckets buckets, BucketReduction reduction) {
        return new DataParallelExchange(
                DataParallelExchange.Members.of(communicator),
                buckets,
                new HostCarrier(buckets, reduction),
                List.of(new GradientExchange.Range(0, buckets.elements())));
    }
}
