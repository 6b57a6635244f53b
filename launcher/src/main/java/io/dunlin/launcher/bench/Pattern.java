package io.dunlin.launcher.bench;

import io.dunlin.collectives.wire.RawMemory;
import io.dunlin.tensor.DType;
import java.lang.foreign.MemorySegment;

/**
 * What members contribute, so that every element of every result can be foretold: small whole numbers by a hash of member and
 * index, whose sum over all members is exact in the element type, whatever the order of additions.
 *
 * <p>None is negative, so that sums that are added again and again end at infinity and not at NaN.
 */
final class Pattern {
    private static final long INDEX_STEP = 0x9E3779B97F4A7C15L;
    private static final long MEMBER_STEP = 0xD1B54A32D192ED03L;

    private final DType dtype;
    private final int ranks;
    private final long round;
    private final long mask;

    /**
     * A pattern.
     *
     * @param round another one gives other numbers
     */
    Pattern(DType dtype, int ranks, long round) {
        this.dtype = dtype;
        this.ranks = ranks;
        this.round = round;
        this.mask = Long.highestOneBit(largestSum(dtype) / ranks + 1) - 1;
        if (mask == 0) {
            throw new IllegalArgumentException("the sum of %d members is not exact in %s".formatted(ranks, dtype));
        }
    }

    private static long largestSum(DType dtype) {
        return switch (dtype) {
            case I8 -> 127;
            case BF16 -> 256;
            case F32 -> 1 << 24;
            case I32, F64 -> Integer.MAX_VALUE;
        };
    }

    /** Writes elements {@code first} and following of what {@code member} contributes. */
    void fill(MemorySegment target, int member, long first) {
        int step = dtype.bytes();
        long address = target.address();
        long count = target.byteSize() / step;
        for (long i = 0; i < count; i++) {
            put(address + i * step, number(member, first + i));
        }
    }

    /** Writes what no result holds. */
    static void spoil(MemorySegment target) {
        target.fill((byte) 0xC5);
    }

    /** How many elements are not {@code first} and following of what {@code member} contributes. */
    long wrongOf(MemorySegment found, int member, long first) {
        int step = dtype.bytes();
        long address = found.address();
        long count = found.byteSize() / step;
        long wrong = 0;
        for (long i = 0; i < count; i++) {
            wrong += holds(address + i * step, number(member, first + i)) ? 0 : 1;
        }
        return wrong;
    }

    /** How many elements are not {@code first} and following of the sum over all members. */
    long wrongOfSum(MemorySegment found, long first) {
        int step = dtype.bytes();
        long address = found.address();
        long count = found.byteSize() / step;
        long wrong = 0;
        for (long i = 0; i < count; i++) {
            wrong += holds(address + i * step, sum(first + i)) ? 0 : 1;
        }
        return wrong;
    }

    private long sum(long index) {
        long sum = 0;
        for (int member = 0; member < ranks; member++) {
            sum += number(member, index);
        }
        return sum;
    }

    private long number(int member, long index) {
        long hash = (index + 1) * INDEX_STEP + (member + 1 + round * ranks) * MEMBER_STEP;
        hash = (hash ^ (hash >>> 32)) * INDEX_STEP;
        return (hash >>> 32) & mask;
    }

    private void put(long address, long number) {
        switch (dtype) {
            case F32 -> RawMemory.putInt(address, Float.floatToRawIntBits(number));
            case F64 -> RawMemory.putLong(address, Double.doubleToRawLongBits(number));
            case I32 -> RawMemory.putInt(address, (int) number);
            case BF16 -> putShort(address, bfloat16(number));
            case I8 -> RawMemory.putByte(address, (byte) number);
        }
    }

    private boolean holds(long address, long number) {
        return switch (dtype) {
            case F32 -> RawMemory.getInt(address) == Float.floatToRawIntBits(number);
            case F64 -> RawMemory.getLong(address) == Double.doubleToRawLongBits(number);
            case I32 -> RawMemory.getInt(address) == (int) number;
            case BF16 -> getShort(address) == bfloat16(number);
            case I8 -> RawMemory.getByte(address) == (byte) number;
        };
    }

    /** The number has at most 8 significant bits: nothing is cut off. */
    private static short bfloat16(long number) {
        return (short) (Float.floatToRawIntBits(number) >>> 16);
    }

    private static void putShort(long address, short bits) {
        RawMemory.putByte(address, (byte) bits);
        RawMemory.putByte(address + 1, (byte) (bits >>> 8));
    }

    private static short getShort(long address) {
        return (short) (RawMemory.getByte(address) & 0xFF | RawMemory.getByte(address + 1) << 8);
    }
}
