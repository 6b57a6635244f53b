package io.dunlin.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TensorTest {
    private final Arena memory = Arena.ofConfined();

    @AfterEach
    void freeMemory() {
        memory.close();
    }

    @Test
    void shouldSeeColumnsOfEveryRow() {
        Tensor matrix = counting(3, 5);

        Tensor columns = matrix.columns(1, 2);

        assertThat(columns.rows()).isEqualTo(3);
        assertThat(columns.columns()).isEqualTo(2);
        assertThat(columns.rowStride()).isEqualTo(5);
        assertThat(columns.dense()).isFalse();
        assertThat(columns.address()).isEqualTo(matrix.address() + 4);
        assertThat(columns.rows(2, 1).get(0)).isEqualTo(11f);
    }

    @Test
    void shouldSeeRowsAndOtherShapesOfTheSameMemory() {
        Tensor matrix = counting(3, 4);

        assertThat(matrix.rows(1, 2).get(0)).isEqualTo(4f);
        assertThat(matrix.reshape(Shape.of(2, 6)).rows(1, 1).get(0)).isEqualTo(6f);
        assertThat(matrix.rows(3, 0).elements()).isZero();
        assertThatThrownBy(() -> matrix.columns(0, 2).reshape(Shape.of(6)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> matrix.reshape(Shape.of(5))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldRefuseViewsOutsideOfTheMatrix() {
        Tensor matrix = counting(3, 4);

        assertThatThrownBy(() -> matrix.columns(3, 2)).hasMessageContaining("columns 3..5");
        assertThatThrownBy(() -> matrix.rows(-1, 2)).hasMessageContaining("rows -1..1");
        assertThatThrownBy(() -> matrix.rows(2, 2)).hasMessageContaining("rows 2..4");
    }

    @Test
    void shouldRefuseMemoryThatIsTooSmall() {
        MemorySegment tooSmall = memory.allocate(15, 64);

        assertThatThrownBy(() -> Tensor.of(DType.F32, Shape.of(2, 2), tooSmall))
                .hasMessageContaining("needs 16 bytes, the segment has 15");
    }

    @Test
    void shouldWidenBf16() {
        MemorySegment segment = memory.allocate(4, 64);
        segment.setAtIndex(ValueLayout.JAVA_SHORT, 0, (short) 0x3F80);
        segment.setAtIndex(ValueLayout.JAVA_SHORT, 1, (short) 0xC000);

        Tensor tensor = Tensor.of(DType.BF16, Shape.of(2), segment);

        assertThat(tensor.get(0)).isEqualTo(1f);
        assertThat(tensor.get(1)).isEqualTo(-2f);
    }

    @Test
    void shouldCountElementsOfAnyShape() {
        assertThat(Shape.of().elements()).isEqualTo(1);
        assertThat(Shape.of(0, 7).elements()).isZero();
        assertThat(Shape.of(1L << 20, 1L << 20).elements()).isEqualTo(1L << 40);
        assertThat(Shape.of(2, 3, 4).rows()).isEqualTo(6);
        assertThatThrownBy(() -> Shape.of(1L << 40, 1L << 40).elements()).isInstanceOf(ArithmeticException.class);
        assertThatThrownBy(() -> Shape.of(-1)).hasMessageContaining("negative extent");
    }

    @Test
    void shouldRefuseSlicesOutsideOfTheTensor() {
        Shape shape = Shape.of(3, 5);

        assertThat(TensorSlice.whole("w", shape).end()).isEqualTo(15);
        assertThat(new TensorSlice("w", shape, 15, 0).length()).isZero();
        assertThatThrownBy(() -> new TensorSlice("w", shape, 10, 6)).hasMessageContaining("10..16 outside of w [3x5]");
    }

    @Test
    void shouldBindASliceOnlyToMemoryOfItsLength() {
        TensorSlice slice = new TensorSlice("w", Shape.of(3, 5), 2, 4);

        assertThat(new NamedTensor(slice, counting(1, 4)).slice()).isEqualTo(slice);
        assertThatThrownBy(() -> new NamedTensor(slice, counting(1, 5))).hasMessageContaining("w holds 5 elements");
    }

    private Tensor counting(int rows, int columns) {
        MemorySegment segment = memory.allocate((long) rows * columns * 4, 64);
        for (int i = 0; i < rows * columns; i++) {
            segment.setAtIndex(ValueLayout.JAVA_FLOAT, i, i);
        }
        return Tensor.of(DType.F32, Shape.of(rows, columns), segment);
    }
}
