package io.dunlin.launcher.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dunlin.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PatternTest {
    private static final int ELEMENTS = 1000;

    private final Arena arena = Arena.ofAuto();

    @ParameterizedTest
    @EnumSource(DType.class)
    void shouldCountWhatIsNotAsWritten(DType dtype) {
        Pattern pattern = new Pattern(dtype, 2, 0);
        MemorySegment data = arena.allocate((long) ELEMENTS * dtype.bytes(), 64);
        pattern.fill(data, 1, 7);

        assertThat(pattern.wrongOf(data, 1, 7)).isZero();
        damage(data, 0);
        damage(data, 500L * dtype.bytes());
        damage(data, data.byteSize() - 1);
        assertThat(pattern.wrongOf(data, 1, 7)).isEqualTo(3);
    }

    private static void damage(MemorySegment data, long at) {
        data.set(ValueLayout.JAVA_BYTE, at, (byte) (data.get(ValueLayout.JAVA_BYTE, at) ^ 0x55));
    }

    @Test
    void shouldTellMembersPlacesAndRoundsApart() {
        Pattern pattern = new Pattern(DType.F32, 2, 0);
        MemorySegment data = arena.allocate(ELEMENTS * 4, 64);
        pattern.fill(data, 0, 0);

        assertThat(pattern.wrongOf(data, 1, 0)).isGreaterThan(ELEMENTS * 9 / 10);
        assertThat(pattern.wrongOf(data, 0, 1)).isGreaterThan(ELEMENTS * 9 / 10);
        assertThat(new Pattern(DType.F32, 2, 1).wrongOf(data, 0, 0)).isGreaterThan(ELEMENTS * 9 / 10);
    }

    @Test
    void shouldKnowTheSum() {
        Pattern pattern = new Pattern(DType.I32, 3, 4);
        MemorySegment sum = arena.allocate(ELEMENTS * 4, 64);
        MemorySegment one = arena.allocate(ELEMENTS * 4, 64);
        for (int member = 0; member < 3; member++) {
            pattern.fill(one, member, 0);
            for (int i = 0; i < ELEMENTS; i++) {
                int before = sum.getAtIndex(ValueLayout.JAVA_INT, i);
                sum.setAtIndex(ValueLayout.JAVA_INT, i, before + one.getAtIndex(ValueLayout.JAVA_INT, i));
            }
        }

        assertThat(pattern.wrongOfSum(sum, 0)).isZero();
        assertThat(pattern.wrongOfSum(sum, 1)).isPositive();
    }

    @Test
    void shouldRefuseMoreMembersThanCanBeAddedExactly() {
        assertThatThrownBy(() -> new Pattern(DType.I8, 128, 0)).hasMessageContaining("128 members");
    }
}
