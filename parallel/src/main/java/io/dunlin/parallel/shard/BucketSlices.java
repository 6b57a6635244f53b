package io.dunlin.parallel.shard;

import io.dunlin.train.GradientExchange.GradientPartials;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** The memory of a step cut into buckets; a step that uses the same memory as the one before allocates nothing. */
final class BucketSlices {
    private final GradientBuckets buckets;
    private final List<BucketMemory> cut = new ArrayList<>(); // [bucket]
    private final List<MemorySegment> sums = new ArrayList<>();
    private MemorySegment result = MemorySegment.NULL;

    BucketSlices(GradientBuckets buckets) {
        this.buckets = buckets;
    }

    /** Takes up the step that begins. */
    void bind(GradientPartials partials) {
        if (same(partials)) {
            return;
        }
        sums.clear();
        sums.addAll(partials.sums());
        result = partials.result();
        cut.clear();
        for (GradientBucket bucket : buckets.all()) {
            cut.add(new BucketMemory(
                    sums.stream().map(sum -> slice(sum, bucket)).toList(), slice(result, bucket)));
        }
    }

    private boolean same(GradientPartials partials) {
        if (partials.result() != result || partials.sums().size() != sums.size()) {
            return false;
        }
        for (int i = 0; i < sums.size(); i++) {
            if (sums.get(i) != partials.sums().get(i)) {
                return false;
            }
        }
        return true;
    }

    private static MemorySegment slice(MemorySegment whole, GradientBucket bucket) {
        return whole.asSlice(bucket.offsetBytes(), bucket.lengthBytes());
    }

    /** Where a bucket lies in this step. */
    BucketMemory of(GradientBucket bucket) {
        return cut.get(bucket.number());
    }
}
