package io.dunlin.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.math.BigDecimal;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExactSquaresTest {
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 31, 1 << 15, (1 << 15) + 1, 200_000})
    void shouldRoundTheTrueSumOnce(int count) {
        float[] numbers = numbers(count);
        BigDecimal expected = BigDecimal.ZERO;
        for (float number : numbers) {
            expected = expected.add(new BigDecimal(number).pow(2));
        }

        assertThat(sum(numbers, 1)).isEqualTo(expected.doubleValue());
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 7, 64})
    void shouldNotDependOnHowNumbersAreCut(int parts) {
        float[] numbers = numbers(5_000);

        assertThat(sum(numbers, parts)).isEqualTo(sum(numbers, 1));
    }

    @Test
    void shouldHoldTheLargestAndTheLeast() {
        assertThat(sum(new float[] {Float.MAX_VALUE, Float.MAX_VALUE}, 2))
                .isEqualTo(2 * (double) Float.MAX_VALUE * Float.MAX_VALUE);
        assertThat(sum(new float[] {Float.MIN_VALUE, 0f, -0f}, 1)).isEqualTo(0x1p-298);
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void shouldSayThatANumberWasNotFinite(float special) {
        assertThat(sum(new float[] {1f, special, 2f}, 3)).isNaN();
    }

    @Test
    void shouldForgetWhatWasAddedBefore() {
        ExactSquares squares = new ExactSquares();
        squares.add(MemorySegment.ofArray(new float[] {Float.NaN, 3f}));
        squares.clear();
        squares.add(MemorySegment.ofArray(new float[] {2f}));
        double[] limbs = new double[ExactSquares.LIMBS];
        squares.limbs(limbs);

        assertThat(ExactSquares.value(limbs)).isEqualTo(4.0);
    }

    /** As ranks do: each sums a part, and the digits are added up. */
    private static double sum(float[] numbers, int parts) {
        double[] digits = new double[ExactSquares.LIMBS];
        for (int part = 0; part < parts; part++) {
            int first = numbers.length * part / parts;
            int end = numbers.length * (part + 1) / parts;
            ExactSquares squares = new ExactSquares();
            squares.add(MemorySegment.ofArray(numbers).asSlice(4L * first, 4L * (end - first)));
            double[] limbs = new double[ExactSquares.LIMBS];
            squares.limbs(limbs);
            for (int i = 0; i < limbs.length; i++) {
                digits[i] += limbs[i];
            }
        }
        return ExactSquares.value(digits);
    }

    /** Of all magnitudes, the least included. */
    private static float[] numbers(int count) {
        Random random = new Random(7);
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = Math.scalb((float) random.nextGaussian(), random.nextInt(-160, 40));
        }
        return numbers;
    }
}
