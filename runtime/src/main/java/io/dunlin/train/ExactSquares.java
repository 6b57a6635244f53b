package io.dunlin.train;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Arrays;

/**
 * The sum of the squares of F32 numbers, without rounding.
 *
 * <p>The square of a float with significand s and exponent e is the integer s * s, of 48 bits at most, times a power of
 * four that depends on e alone. So there is a sum of integers for each exponent, and in the end one long fixed-point
 * number. Its digits, of 32 bits, may be added up over ranks as doubles, which is exact too: the sum has the same bits
 * whatever the order and wherever the numbers were.
 */
final class ExactSquares {
    /** Digits of a sum, and one that is not zero if some number was infinite or NaN. */
    static final int LIMBS = 21;

    private static final int EXPONENTS = 255;
    private static final int DIGIT_BITS = 32;
    private static final int LEAST_EXPONENT = 2 * -149; // of the unit of the fixed-point number, as a power of two
    private static final int BATCH = 1 << 15; // squares of 48 bits that fit in a long
    private static final int SPECIAL = LIMBS - 1;

    private final long[] recent = new long[EXPONENTS + 1]; // [exponent] of at most a batch of numbers
    private final long[] low = new long[EXPONENTS + 1]; // [exponent] 32 bits of the sums of earlier batches
    private final long[] high = new long[EXPONENTS + 1]; // [exponent] what is above

    void clear() {
        Arrays.fill(recent, 0);
        Arrays.fill(low, 0);
        Arrays.fill(high, 0);
    }

    /** Adds the squares of all numbers in {@code memory}. */
    void add(MemorySegment memory) {
        long count = memory.byteSize() / Float.BYTES;
        for (long first = 0; first < count; first += BATCH) {
            addBatch(memory, first, Math.min(count, first + BATCH));
        }
    }

    private void addBatch(MemorySegment memory, long first, long end) {
        for (long i = first; i < end; i++) {
            int bits = memory.getAtIndex(ValueLayout.JAVA_INT, i);
            int exponent = bits >>> 23 & 0xff;
            long significand = bits & 0x7fffff | (exponent == 0 ? 0 : 0x800000);
            recent[exponent] += significand * significand;
        }
        for (int exponent = 0; exponent <= EXPONENTS; exponent++) {
            long sum = low[exponent] + recent[exponent];
            low[exponent] = sum & 0xffffffffL;
            high[exponent] += sum >>> DIGIT_BITS;
            recent[exponent] = 0;
        }
    }

    /** Writes the digits of the sum, the least first. */
    void limbs(double[] digits) {
        BigInteger sum = BigInteger.ZERO;
        for (int exponent = 0; exponent < EXPONENTS; exponent++) {
            if (low[exponent] != 0 || high[exponent] != 0) {
                BigInteger squares =
                        BigInteger.valueOf(high[exponent]).shiftLeft(DIGIT_BITS).add(BigInteger.valueOf(low[exponent]));
                sum = sum.add(squares.shiftLeft(2 * (Math.max(1, exponent) - 1)));
            }
        }
        for (int digit = 0; digit < SPECIAL; digit++) {
            digits[digit] = sum.shiftRight(digit * DIGIT_BITS).intValue() & 0xffffffffL;
        }
        digits[SPECIAL] = low[EXPONENTS] != 0 || high[EXPONENTS] != 0 ? 1 : 0;
    }

    /** The sum whose digits, added up over ranks, are these; NaN if a number was infinite or NaN. */
    static double value(double[] digits) {
        if (digits[SPECIAL] != 0) {
            return Double.NaN;
        }
        BigInteger sum = BigInteger.ZERO;
        for (int digit = 0; digit < SPECIAL; digit++) {
            sum = sum.add(BigInteger.valueOf((long) digits[digit]).shiftLeft(digit * DIGIT_BITS));
        }
        return new BigDecimal(sum)
                .divide(new BigDecimal(BigInteger.TWO.pow(-LEAST_EXPONENT)))
                .doubleValue();
    }
}
