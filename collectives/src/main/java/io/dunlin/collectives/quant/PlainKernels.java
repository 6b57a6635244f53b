package io.dunlin.collectives.quant;

import static io.dunlin.collectives.wire.RawMemory.ALL;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.dunlin.collectives.wire.BFloat16;
import io.dunlin.collectives.wire.RawMemory;
import io.dunlin.tensor.Philox;

/** One element after the other: what the other kernels must equal. */
final class PlainKernels extends BlockKernels {
    private static final int ALL_BUT_SIGN = 0x7FFFFFFF;

    private final int bits;
    private final float largestLevel;

    PlainKernels(int bits) {
        this.bits = bits;
        this.largestLevel = (1 << (bits - 1)) - 1;
    }

    @Override
    void largestBits(long x, long target, int blocks, int count) {
        for (int block = 0; block < blocks; block++) {
            RawMemory.putInt(target + 4L * block, largestBits(x + 4L * block * count, count));
        }
    }

    static int largestBits(long x, int count) {
        int largest = 0;
        for (int i = 0; i < count; i++) {
            largest = Math.max(largest, Float.floatToRawIntBits(get(x, i)) & ALL_BUT_SIGN);
        }
        return largest;
    }

    @Override
    void widen(long halves, long target, int count) {
        for (int i = 0; i < count; i++) {
            put(target, i, BFloat16.widen(ALL.get(JAVA_SHORT_UNALIGNED, halves + 2L * i)));
        }
    }

    @Override
    void narrow(long x, long halves, int count) {
        for (int i = 0; i < count; i++) {
            ALL.set(JAVA_SHORT_UNALIGNED, halves + 2L * i, BFloat16.narrow(get(x, i)));
        }
    }

    @Override
    void quantize(long inverses, long x, long levels, int blocks, int count) {
        for (int block = 0; block < blocks; block++) {
            quantize(x + 4L * block * count, get(inverses, block), levels + (long) block * count * bits / 8, count);
        }
    }

    private void quantize(long x, float inverse, long levels, int count) {
        if (bits == 8) {
            for (int i = 0; i < count; i++) {
                ALL.set(JAVA_BYTE, levels + i, (byte) level(get(x, i) * inverse));
            }
            return;
        }
        for (int group = 0; group < count; group += BlockFormat.GROUP_ELEMENTS) {
            int half = half(group, count);
            for (int j = 0; j < half; j++) {
                int low = level(get(x, group + j) * inverse);
                int high = group + half + j < groupEnd(group, count) ? level(get(x, group + half + j) * inverse) : 0;
                ALL.set(JAVA_BYTE, levels + group / 2 + j, (byte) (low & 0xF | high << 4));
            }
        }
    }

    private static int level(float value) {
        return (int) Math.rint(value);
    }

    @Override
    void dither(long x, float inverse, long noise, long target, int count) {
        for (int i = 0; i < count; i++) {
            float shift = ALL.get(JAVA_SHORT_UNALIGNED, noise + 2L * i) * 0x1p-16f + 0x1p-17f;
            float value = get(x, i) * inverse + shift;
            put(target, i, Math.clamp(value, -largestLevel, largestLevel));
        }
    }

    @Override
    void dequantize(long scales, long levels, long target, int blocks, int count) {
        for (int i = 0; i < blocks * count; i++) {
            long block = levels + (long) (i / count) * count * bits / 8;
            put(target, i, levelAt(block, i % count, count) * get(scales, i / count));
        }
    }

    @Override
    void accumulate(long scales, long levels, long target, int blocks, int count) {
        for (int i = 0; i < blocks * count; i++) {
            long block = levels + (long) (i / count) * count * bits / 8;
            put(target, i, get(target, i) + levelAt(block, i % count, count) * get(scales, i / count));
        }
    }

    private float levelAt(long levels, int i, int count) {
        if (bits == 8) {
            return ALL.get(JAVA_BYTE, levels + i);
        }
        int group = i / BlockFormat.GROUP_ELEMENTS * BlockFormat.GROUP_ELEMENTS;
        int half = half(group, count);
        int j = i - group;
        int pair = ALL.get(JAVA_BYTE, levels + group / 2 + j % half);
        return j < half ? (byte) (pair << 4) >> 4 : pair >> 4;
    }

    private static int groupEnd(int group, int count) {
        return Math.min(group + BlockFormat.GROUP_ELEMENTS, count);
    }

    /** Bytes of a group. */
    private static int half(int group, int count) {
        return (groupEnd(group, count) - group + 1) / 2;
    }

    @Override
    void divide(long x, float divisor, int count) {
        for (int i = 0; i < count; i++) {
            put(x, i, get(x, i) / divisor);
        }
    }

    @Override
    void carry(long error, float beta, long x, long decoded, int count) {
        float rest = 1 - beta;
        for (int i = 0; i < count; i++) {
            put(error, i, beta * get(error, i) + rest * (get(x, i) - get(decoded, i)));
        }
    }

    @Override
    void powers(long x, float inverse, long decoded, int count, Meter meter) {
        double signal = 0;
        double noise = 0;
        for (int i = 0; i < count; i++) {
            float value = get(x, i) * inverse;
            float error = value - get(decoded, i);
            signal += (double) value * value;
            noise += (double) error * error;
        }
        meter.signal = signal;
        meter.noise = noise;
    }

    @Override
    void random(Philox philox, long lane, long firstGroup, int groups, long target) {
        for (int e = 0; e < groups * RANDOM_GROUP; e++) {
            long counter = (firstGroup + e / RANDOM_GROUP) * 8 + e % 32 / 4;
            long word = philox.bits(lane, counter, e / 32 % 2);
            ALL.set(JAVA_SHORT_UNALIGNED, target + 2L * e, (short) (word >>> (e % 4 * 16)));
        }
    }

    private static float get(long base, int index) {
        return ALL.get(JAVA_FLOAT_UNALIGNED, base + 4L * index);
    }

    private static void put(long base, int index, float value) {
        ALL.set(JAVA_FLOAT_UNALIGNED, base + 4L * index, value);
    }
}
