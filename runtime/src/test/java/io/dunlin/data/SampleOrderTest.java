package io.dunlin.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.Set;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class SampleOrderTest {
    @Property(tries = 300)
    void shouldUseEachSampleOnceInAPass(
            @ForAll long seed,
            @ForAll @LongRange(max = 1000) long epoch,
            @ForAll @IntRange(min = 1, max = 600) int samples) {
        SampleOrder order = SampleOrder.shuffled(seed);

        assertThat(LongStream.range(0, samples)
                        .map(i -> order.sample(epoch, i, samples))
                        .sorted()
                        .toArray())
                .isEqualTo(LongStream.range(0, samples).toArray());
    }

    @Property(tries = 100)
    void shouldStayInsideOfHugeSets(
            @ForAll long seed, @ForAll @LongRange(min = 1L << 31, max = 1L << 62) long samples) {
        SampleOrder order = SampleOrder.shuffled(seed);

        Set<Long> seen = new HashSet<>();
        for (long i = samples - 100; i < samples; i++) {
            long sample = order.sample(0, i, samples);
            assertThat(sample).isBetween(0L, samples - 1);
            seen.add(sample);
        }
        assertThat(seen).hasSize(100);
    }

    @Test
    void shouldOrderEachPassAndSeedAnew() {
        long[] first = pass(SampleOrder.shuffled(1), 0, 100);

        assertThat(pass(SampleOrder.shuffled(1), 1, 100)).isNotEqualTo(first);
        assertThat(pass(SampleOrder.shuffled(2), 0, 100)).isNotEqualTo(first);
        assertThat(pass(SampleOrder.shuffled(1), 0, 100)).isEqualTo(first);
        assertThat(first).isNotEqualTo(pass(SampleOrder.inOrder(), 0, 100));
    }

    /** A run that resumes with another version of this program must go on with the samples it has not seen. */
    @Test
    void shouldNeverChange() {
        assertThat(pass(SampleOrder.shuffled(1337), 0, 10)).containsExactly(8, 1, 3, 4, 7, 5, 2, 6, 9, 0);
        assertThat(pass(SampleOrder.shuffled(1337), 1, 10)).containsExactly(0, 6, 7, 3, 2, 9, 8, 4, 5, 1);
        assertThat(SampleOrder.shuffled(1337).sample(3, 12_345_678_901L, 1_000_000_000_000L))
                .isEqualTo(233_518_794_588L);
    }

    /** Of the places that follow each other, as many pairs rise as fall, and no place is preferred. */
    @Test
    void shouldLookLikeChance() {
        int samples = 1000;
        int epochs = 400;
        SampleOrder order = SampleOrder.shuffled(7);
        double sum = 0;
        int rises = 0;
        for (int epoch = 0; epoch < epochs; epoch++) {
            sum += order.sample(epoch, 5, samples);
            rises += order.sample(epoch, 5, samples) < order.sample(epoch, 6, samples) ? 1 : 0;
        }
        assertThat(sum / epochs).isBetween(440.0, 560.0); // mean 499.5, deviation 14.4
        assertThat(rises).isBetween(150, 250); // mean 200, deviation 10
    }

    @Test
    void shouldKeepTheOrderIfAskedTo() {
        assertThat(pass(SampleOrder.inOrder(), 5, 4)).containsExactly(0, 1, 2, 3);
    }

    @Test
    void shouldRefuseAnIndexOutside() {
        assertThatThrownBy(() -> SampleOrder.shuffled(1).sample(0, 5, 5)).isInstanceOf(IllegalArgumentException.class);
    }

    private static long[] pass(SampleOrder order, long epoch, int samples) {
        return LongStream.range(0, samples)
                .map(i -> order.sample(epoch, i, samples))
                .toArray();
    }
}
