package io.dunlin.parallel.shard;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.train.GradientExchange.Range;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;

class FlatSharesTest {
    @Property
    void shouldGiveEveryElementToOneRankAndTheSameToEach(
            @ForAll @LongRange(max = 1L << 40) long elements, @ForAll @IntRange(min = 1, max = 2000) int ranks) {
        FlatShares shares = new FlatShares(elements, ranks);
        long next = 0;
        long least = Long.MAX_VALUE;
        long most = 0;
        for (int rank = 0; rank < ranks; rank++) {
            Range range = shares.of(rank);
            assertThat(range.offset()).isEqualTo(next);
            next += range.length();
            least = Math.min(least, range.length());
            most = Math.max(most, range.length());
        }
        assertThat(next).isEqualTo(elements);
        assertThat(most - least).isLessThanOrEqualTo(elements % 16 == 0 ? 16 : 32);
    }

    @Property
    void shouldCutAnyRangeAmongItsOwners(
            @ForAll @LongRange(max = 100_000) long elements,
            @ForAll @IntRange(min = 1, max = 9) int ranks,
            @ForAll @IntRange(max = 100) int from,
            @ForAll @IntRange(max = 100) int to) {
        long offset = elements * Math.min(from, to) / 100;
        long length = elements * Math.max(from, to) / 100 - offset;

        List<Long> lengths = new FlatShares(elements, ranks).lengths(offset, length);

        assertThat(lengths).hasSize(ranks);
        assertThat(lengths.stream().mapToLong(Long::longValue).sum()).isEqualTo(length);
    }
}
