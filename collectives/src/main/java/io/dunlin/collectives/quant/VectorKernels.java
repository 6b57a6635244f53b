package io.dunlin.collectives.quant;

import static io.dunlin.collectives.wire.RawMemory.ALL;

import io.dunlin.tensor.Philox;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Vector loops over what fills whole vectors, and the plain loops over the rest. */
final class VectorKernels extends BlockKernels {
    private final PlainKernels plain;
    private final boolean wide;
    private final float largestLevel;
    private final MemorySegment sums = Arena.ofAuto().allocate(2L * Lanes.W * Float.BYTES, 64);

    VectorKernels(int bits) {
        this.plain = new PlainKernels(bits);
        this.wide = bits == 8;
        this.largestLevel = (1 << (bits - 1)) - 1;
    }

    /** How many of {@code count} floats fill vectors. */
    private static int whole(int count) {
        return count & -Lanes.W;
    }

    /** How many of {@code count} the loops over blocks take. */
    private static int wholeSteps(int count) {
        return count & -Lanes.STEP;
    }

    /** Where the level with this number is, the first of a step. */
    private long level(long levels, int number) {
        return levels + (wide ? number : number / 2);
    }

    @Override
    int largestBits(long x, int count) {
        int whole = wholeSteps(count);
        int largest = FloatLoops.largestBits(x, whole);
        return whole == count ? largest : Math.max(largest, plain.largestBits(x + 4L * whole, count - whole));
    }

    @Override
    void widen(long halves, long target, int count) {
        int whole = whole(count);
        FloatLoops.widen(halves, target, whole);
        plain.widen(halves + 2L * whole, target + 4L * whole, count - whole);
    }

    @Override
    void narrow(long x, long halves, int count) {
        int whole = whole(count);
        FloatLoops.narrow(x, halves, whole);
        plain.narrow(x + 4L * whole, halves + 2L * whole, count - whole);
    }

    @Override
    void quantize(long inverses, long x, long levels, int blocks, int count) {
        if (count % Lanes.STEP == 0) {
            quantizeSteps(inverses, x, levels, blocks, count);
            return;
        }
        int whole = wholeSteps(count);
        for (int block = 0; block < blocks; block++) {
            long factor = inverses + 4L * block;
            long from = x + 4L * block * count;
            long to = level(levels, block * count);
            quantizeSteps(factor, from, to, 1, whole);
            plain.quantize(factor, from + 4L * whole, level(to, whole), 1, count - whole);
        }
    }

    private void quantizeSteps(long inverses, long x, long levels, int blocks, int count) {
        if (wide) {
            Int8Loops.quantize(inverses, x, levels, blocks, count);
        } else {
            Int4Loops.quantize(inverses, x, levels, blocks, count);
        }
    }

    @Override
    void dither(long x, float inverse, long noise, long target, int count) {
        int whole = whole(count);
        FloatLoops.dither(x, inverse, noise, target, whole, largestLevel);
        plain.dither(x + 4L * whole, inverse, noise + 2L * whole, target + 4L * whole, count - whole);
    }

    @Override
    void dequantize(long scales, long levels, long target, int blocks, int count) {
        if (count % Lanes.STEP == 0) {
            dequantizeSteps(scales, levels, target, blocks, count);
            return;
        }
        int whole = wholeSteps(count);
        for (int block = 0; block < blocks; block++) {
            long factor = scales + 4L * block;
            long from = level(levels, block * count);
            long to = target + 4L * block * count;
            dequantizeSteps(factor, from, to, 1, whole);
            plain.dequantize(factor, level(from, whole), to + 4L * whole, 1, count - whole);
        }
    }

    private void dequantizeSteps(long scales, long levels, long target, int blocks, int count) {
        if (wide) {
            Int8Loops.dequantize(scales, levels, target, blocks, count);
        } else {
            Int4Loops.dequantize(scales, levels, target, blocks, count);
        }
    }

    @Override
    void accumulate(long scales, long levels, long target, int blocks, int count) {
        if (count % Lanes.STEP == 0) {
            accumulateSteps(scales, levels, target, blocks, count);
            return;
        }
        int whole = wholeSteps(count);
        for (int block = 0; block < blocks; block++) {
            long factor = scales + 4L * block;
            long from = level(levels, block * count);
            long to = target + 4L * block * count;
            accumulateSteps(factor, from, to, 1, whole);
            plain.accumulate(factor, level(from, whole), to + 4L * whole, 1, count - whole);
        }
    }

    private void accumulateSteps(long scales, long levels, long target, int blocks, int count) {
        if (wide) {
            Int8Loops.accumulate(scales, levels, target, blocks, count);
        } else {
            Int4Loops.accumulate(scales, levels, target, blocks, count);
        }
    }

    @Override
    void divide(long x, float divisor, int count) {
        int whole = whole(count);
        FloatLoops.divide(x, divisor, whole);
        plain.divide(x + 4L * whole, divisor, count - whole);
    }

    @Override
    void carry(long error, float beta, long x, long decoded, int count) {
        int whole = whole(count);
        long rest = 4L * whole;
        FloatLoops.carry(error, beta, x, decoded, whole);
        plain.carry(error + rest, beta, x + rest, decoded + rest, count - whole);
    }

    @Override
    void powers(long x, float inverse, long decoded, int count, Meter meter) {
        int whole = whole(count);
        long signal = sums.address();
        long noise = signal + 4L * Lanes.W;
        FloatLoops.powers(x, inverse, decoded, whole, signal, noise);
        plain.powers(x + 4L * whole, inverse, decoded + 4L * whole, count - whole, meter);
        for (int lane = 0; lane < Lanes.W; lane++) {
            meter.signal += ALL.get(ValueLayout.JAVA_FLOAT, signal + 4L * lane);
            meter.noise += ALL.get(ValueLayout.JAVA_FLOAT, noise + 4L * lane);
        }
    }

    @Override
    void random(Philox philox, long lane, long firstGroup, int groups, long target) {
        PhiloxLoops.fill(philox.key(), lane, firstGroup, groups, target);
    }
}
