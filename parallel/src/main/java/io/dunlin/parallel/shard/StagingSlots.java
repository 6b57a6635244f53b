package io.dunlin.parallel.shard;

import io.dunlin.device.Device;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Pinned memory through which buckets pass: bucket n uses slot n modulo their number. A slot has a lane for each partial
 * sum; the sum over all ranks takes the place of the first.
 */
final class StagingSlots {
    private final Device device;
    private final GradientBuckets buckets;
    private final int slots;
    private final long bucketBytes;
    private final List<MemorySegment> lanes = new ArrayList<>(); // [lane] of all slots
    private final List<BucketMemory> places = new ArrayList<>(); // [bucket]
    private int sums = -1;

    StagingSlots(Device device, GradientBuckets buckets, int slots) {
        this.device = device;
        this.buckets = buckets;
        this.slots = Math.clamp(buckets.count(), 1, slots);
        this.bucketBytes = buckets.all().stream()
                .mapToLong(GradientBucket::lengthBytes)
                .max()
                .orElse(0);
    }

    /** How many buckets have room at a time. */
    int count() {
        return slots;
    }

    /** Makes room for {@code newSums} partial sums of each bucket. */
    void reserve(int newSums) {
        if (newSums == sums) {
            return;
        }
        while (lanes.size() < Math.max(1, newSums)) {
            lanes.add(device.allocateHost("gradients on the wire", slots * bucketBytes));
        }
        places.clear();
        for (GradientBucket bucket : buckets.all()) {
            places.add(new BucketMemory(
                    lanes.subList(0, newSums).stream()
                            .map(lane -> place(lane, bucket))
                            .toList(),
                    place(lanes.getFirst(), bucket)));
        }
        sums = newSums;
    }

    private MemorySegment place(MemorySegment lane, GradientBucket bucket) {
        return lane.asSlice(bucket.number() % slots * bucketBytes, bucket.lengthBytes());
    }

    /** Where a bucket passes. */
    BucketMemory of(int bucket) {
        return places.get(bucket);
    }
}
