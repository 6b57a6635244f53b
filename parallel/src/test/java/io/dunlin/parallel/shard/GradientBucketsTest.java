package io.dunlin.parallel.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class GradientBucketsTest {
    @Property
    void shouldCoverEachElementOnceFromTheEnd(
            @ForAll @LongRange(max = 5_000) long elements, @ForAll @LongRange(min = 1, max = 9_000) long bucketBytes) {
        GradientBuckets buckets = GradientBuckets.of(elements, bucketBytes);

        long end = elements;
        for (GradientBucket bucket : buckets.all()) {
            assertThat(bucket.offset() + bucket.length()).isEqualTo(end);
            assertThat(bucket.offset() % 16).isZero();
            assertThat(bucket.length()).isPositive();
            assertThat(bucket.lengthBytes()).isLessThanOrEqualTo(Math.max(bucketBytes, 64));
            assertThat(buckets.get(bucket.number())).isSameAs(bucket);
            end = bucket.offset();
        }
        assertThat(end).isZero();
    }

    @Test
    void shouldLeaveTheRemainderToTheBucketThatComputeCannotHide() {
        GradientBuckets buckets = GradientBuckets.of(160, 64 * 4);

        assertThat(buckets.all())
                .containsExactly(
                        new GradientBucket(0, 96, 64), new GradientBucket(1, 32, 64), new GradientBucket(2, 0, 32));
    }

    @Test
    void shouldRefuseBucketsOfNothing() {
        assertThatThrownBy(() -> GradientBuckets.of(16, 0)).isInstanceOf(IllegalArgumentException.class);
    }
}
