package io.dunlin.checkpoint.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ByteMatrixTest {
    @Test
    void shouldGiveTheIdentityWithItsInverse() {
        Random random = new Random(3);
        for (int size = 0; size < 20; size++) {
            ByteMatrix upper = new ByteMatrix(
                    size, size, (row, column) -> column < row ? 0 : row == column ? 7 : random.nextInt(256));
            ByteMatrix lower = new ByteMatrix(
                    size, size, (row, column) -> column > row ? 0 : row == column ? 200 : random.nextInt(256));
            ByteMatrix product = lower.times(upper);
            // In reverse, so that pivots are zero at first.
            ByteMatrix turned = product.rows(IntStream.iterate(size - 1, row -> row >= 0, row -> row - 1)
                    .boxed()
                    .toList());

            for (ByteMatrix matrix : List.of(product, turned, upper)) {
                assertThat(matrix.times(matrix.inverse())).isEqualTo(ByteMatrix.identity(size));
                assertThat(matrix.inverse().times(matrix)).isEqualTo(ByteMatrix.identity(size));
            }
        }
    }

    @Test
    void shouldRefuseToInvertDependentRows() {
        ByteMatrix dependent =
                new ByteMatrix(3, 3, (row, column) -> row == 2 ? 1 ^ column + 1 : row == 0 ? 1 : column + 1);

        assertThatThrownBy(dependent::inverse).isInstanceOf(ArithmeticException.class);
    }

    /**
     * Published codes with four or more rows of powers have lost data (ISA-L's issue 46): here are shards that a code of six and
     * five, and one of twenty-two and four, cannot lose. Rows of the Cauchy matrix can.
     */
    @Test
    void shouldShowWhyPowersAreNotUsedBeyondThreeRows() {
        ByteMatrix five = ByteMatrix.powers(5, 6).rows(List.of(0, 1, 4));
        ByteMatrix four = ByteMatrix.powers(4, 22).rows(List.of(0, 1, 3));

        assertThatThrownBy(() -> columns(five, 0, 3, 5).inverse()).isInstanceOf(ArithmeticException.class);
        assertThatThrownBy(() -> columns(four, 0, 10, 21).inverse()).isInstanceOf(ArithmeticException.class);
        columns(ByteMatrix.cauchy(5, 6).rows(List.of(0, 1, 4)), 0, 3, 5).inverse();
        columns(ByteMatrix.cauchy(4, 22).rows(List.of(0, 1, 3)), 0, 10, 21).inverse();
    }

    /** Pairs and triples of columns of the largest code with P, Q and R: all pairs, and the triples with column 0. */
    @Test
    void shouldHaveOnlyIndependentColumnsInThreeRowsOfPowers() {
        ByteMatrix powers = ByteMatrix.powers(3, 253);
        List<List<Integer>> pairs = List.of(List.of(0, 1), List.of(0, 2), List.of(1, 2));
        for (int b = 1; b < 253; b++) {
            for (int a = 0; a < b; a++) {
                for (List<Integer> rows : pairs) {
                    columns(powers.rows(rows), a, b).inverse();
                }
                if (a > 0) {
                    columns(powers, 0, a, b).inverse();
                }
            }
        }
    }

    private static ByteMatrix columns(ByteMatrix matrix, int... chosen) {
        return new ByteMatrix(matrix.rows(), chosen.length, (row, column) -> matrix.at(row, chosen[column]));
    }
}
