package io.dunlin.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class FixedBatchSourceTest {
    private static final int[][] ROWS = {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}, {10, 11, 12}};

    @Test
    void shouldShiftTargetsInsideOfARow() {
        try (FixedBatchSource source = FixedBatchSource.ofSequences(ROWS, 3, 2)) {
            Batch batch = source.next(DataPosition.START, Share.ALL);

            assertThat(batch.globalTargets()).isEqualTo(6);
            assertThat(batch.microBatches()).hasSize(2);
            assertThat(batch.microBatches().getFirst().tokens().segment().toArray(ValueLayout.JAVA_INT))
                    .containsExactly(1, 2, 3, 4, 5, 6);
            assertThat(batch.microBatches().getFirst().targets().segment().toArray(ValueLayout.JAVA_INT))
                    .containsExactly(2, 3, -1, 5, 6, -1);
            assertThat(batch.microBatches().getLast().targets().segment().toArray(ValueLayout.JAVA_INT))
                    .containsExactly(8, 9, -1, -1, -1, -1);
            assertThat(batch.next()).isEqualTo(new DataPosition(0, 3));
            assertThat(source.next(batch.next(), Share.ALL).next()).isEqualTo(new DataPosition(1, 2));
        }
    }

    @Test
    void shouldRefuseRowsOfDifferentLengths() {
        assertThatThrownBy(() -> FixedBatchSource.ofSequences(new int[][] {{1, 2}, {3}}, 1, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("row 1 is not of length 2");
    }
}
