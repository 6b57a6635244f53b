package io.dunlin.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class BatchPlanTest {
    @Test
    void shouldSayNothingWhereAllDivides() {
        BatchPlan plan = BatchPlan.of(64, 12, 1536);

        assertThat(plan).isEqualTo(new BatchPlan(64, 12, 24, java.util.List.of()));
        assertThat(plan.microBatches()).isEqualTo(2);
        assertThat(plan.tokensPerStep()).isEqualTo(1536);
    }

    @Test
    void shouldTakeTheNearestNumberOfSamples() {
        assertThat(BatchPlan.of(64, 4, 4100).samples()).isEqualTo(64);
        assertThat(BatchPlan.of(64, 4, 4100).remarks())
                .containsExactly(
                        "tokens_per_step 4,100 is not a multiple of the context 64: a step takes 64 samples = 4,096 tokens");
        assertThat(BatchPlan.of(64, 4, 95).samples()).isEqualTo(1);
        assertThat(BatchPlan.of(64, 4, 96).samples()).isEqualTo(2);
        assertThat(BatchPlan.of(64, 4, 1).samples()).isEqualTo(1);
    }

    @Test
    void shouldEvenOutMicroBatches() {
        BatchPlan plan = BatchPlan.of(64, 12, 4096);

        assertThat(plan.microBatch()).isEqualTo(11);
        assertThat(plan.microBatches()).isEqualTo(6);
        assertThat(plan.rowsOf(5)).isEqualTo(9);
        assertThat(plan.remarks())
                .containsExactly(
                        "micro_batch 12 does not divide the 64 samples of a step: 6 x 11, the last with 9 and 2 empty rows");
        assertThat(BatchPlan.of(64, 32, 512).remarks())
                .containsExactly("micro_batch 32 does not divide the 8 samples of a step: 1 x 8");
    }

    @Property
    void shouldHoldEachSampleOnce(
            @ForAll @IntRange(min = 1, max = 50) int microBatch, @ForAll @IntRange(min = 1, max = 500) int samples) {
        BatchPlan plan = BatchPlan.of(8, microBatch, samples * 8L);

        assertThat(plan.samples()).isEqualTo(samples);
        assertThat(plan.microBatch()).isBetween(1, microBatch);
        assertThat(IntStream.range(0, plan.microBatches()).map(plan::rowsOf)).allMatch(rows -> rows >= 1);
        assertThat(IntStream.range(0, plan.microBatches()).map(plan::rowsOf).sum())
                .isEqualTo(samples);
        assertThat(plan.microBatches()).isEqualTo((samples + microBatch - 1) / microBatch);
    }

    @Test
    void shouldRefuseNumbersBelowOneAndTooLarge() {
        assertThatThrownBy(() -> BatchPlan.of(64, 0, 4096))
                .isInstanceOf(DataException.class)
                .hasMessage("context 64, micro_batch 0 and tokens_per_step 4,096 must each be at least 1");
        assertThatThrownBy(() -> BatchPlan.of(1, 1, Long.MAX_VALUE)).isInstanceOf(DataException.class);
    }
}
