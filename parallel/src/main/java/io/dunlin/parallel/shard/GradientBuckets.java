package io.dunlin.parallel.shard;

import java.util.ArrayList;
import java.util.List;

/**
 * The flat gradient cut into buckets, from its end to its beginning.
 *
 * <p>Backward finishes gradients in that order. The last bucket is the remainder: nothing is left to compute while it
 * travels, so it should be the smallest. Where a bucket is cut does not change any bit of a deterministic sum.
 */
public final class GradientBuckets {
    /** Cuts fall on cache lines, 16 elements, as tensors in the flat buffers do. */
    private static final long ALIGNMENT_ELEMENTS = 16;

    private final List<GradientBucket> buckets;
    private final long elements;

    private GradientBuckets(long elements, List<GradientBucket> buckets) {
        this.elements = elements;
        this.buckets = List.copyOf(buckets);
    }

    /**
     * Cuts a gradient.
     *
     * @param elements of the flat gradient
     * @param bucketBytes how much to exchange at a time; at least one cache line is taken
     */
    public static GradientBuckets of(long elements, long bucketBytes) {
        if (elements < 0 || bucketBytes <= 0) {
            throw new IllegalArgumentException("elements " + elements + ", bucket bytes " + bucketBytes);
        }
        long wanted = bucketBytes / Float.BYTES / ALIGNMENT_ELEMENTS * ALIGNMENT_ELEMENTS;
        long length = Math.max(wanted, ALIGNMENT_ELEMENTS);
        List<GradientBucket> buckets = new ArrayList<>();
        long end = elements;
        while (end > 0) {
            // Cuts are aligned counting from the beginning; the first bucket is shorter where the end is not.
            long offset =
                    Math.max(0, (end - length + ALIGNMENT_ELEMENTS - 1) / ALIGNMENT_ELEMENTS * ALIGNMENT_ELEMENTS);
            buckets.add(new GradientBucket(buckets.size(), offset, end - offset));
            end = offset;
        }
        return new GradientBuckets(elements, buckets);
    }

    /**
     * One bucket for each unit of a model.
     *
     * @param lengths elements of the units, in the order of the flat gradient
     */
    public static GradientBuckets ofUnits(List<Long> lengths) {
        long elements = lengths.stream().mapToLong(Long::longValue).sum();
        List<GradientBucket> buckets = new ArrayList<>();
        long end = elements;
        for (long length : lengths.reversed()) {
            end -= length;
            buckets.add(new GradientBucket(buckets.size(), end, length));
        }
        return new GradientBuckets(elements, buckets);
    }

    /** How many. */
    public int count() {
        return buckets.size();
    }

    /** The bucket of that number. */
    public GradientBucket get(int number) {
        return buckets.get(number);
    }

    /** All, in order of exchange. */
    public List<GradientBucket> all() {
        return buckets;
    }

    /** Elements of the flat gradient. */
    public long elements() {
        return elements;
    }
}
