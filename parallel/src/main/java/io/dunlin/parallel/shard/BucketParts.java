package io.dunlin.parallel.shard;

import io.dunlin.train.GradientExchange.Range;
import java.util.List;

/**
 * Buckets of which each rank of a group has a part, the parts one after the other.
 *
 * @param buckets of the flat gradient
 * @param lengths elements of each rank's part, by bucket and rank
 * @param rank this rank's number in the group
 */
record BucketParts(GradientBuckets buckets, List<List<Long>> lengths, int rank) {
    /** Copies the lists. */
    BucketParts {
        lengths = lengths.stream().map(List::copyOf).toList();
        for (GradientBucket bucket : buckets.all()) {
            long sum = lengths.get(bucket.number()).stream()
                    .mapToLong(Long::longValue)
                    .sum();
            if (sum != bucket.length()) {
                throw new IllegalArgumentException(
                        "parts of %,d elements in a bucket of %,d".formatted(sum, bucket.length()));
            }
        }
    }

    /** This rank's part, in the flat gradient. */
    Range own(GradientBucket bucket) {
        List<Long> ofBucket = lengths.get(bucket.number());
        long before =
                ofBucket.subList(0, rank).stream().mapToLong(Long::longValue).sum();
        return new Range(bucket.offset() + before, ofBucket.get(rank));
    }

    /** This rank's parts of all buckets. */
    List<Range> own() {
        return buckets.all().stream().map(this::own).toList();
    }
}
