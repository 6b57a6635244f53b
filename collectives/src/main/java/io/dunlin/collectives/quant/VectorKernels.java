package io.dunlin.collectives.quant;

import static io.dunlin.collectives.wire.RawMemory.ALL;

import io.dunlin.collectives.wire.RawMemory;
import io.dunlin.tensor.Philox;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Vector loops over what fills whole vectors, and the plain loops over the rest. */
final class VectorKernels extends BlockKernels {
    private final PlainKernels plain;
    private final boolean wide;
    private final BlockLoop quantize;
    private final Twins dequantize;
    private final Twins accumulate;
    private final float largestLevel;
    private final MemorySegment sums = Arena.ofAuto().allocate(2L * Lanes.W * Float.BYTES, 64);

    /** A loop over neighbouring blocks, each with a factor. */
    private interface BlockLoop {
        void run(long factors, long from, long to, int blocks, int count);
    }

    /** A loop over whole steps, and the one over the rest. */
    private record Twins(BlockLoop vector, BlockLoop plain) {}

    VectorKernels(int bits) {
        this.plain = new PlainKernels(bits);
        this.wide = bits == 8;
        this.quantize = wide ? Int8Loops::quantize : Int4Loops::quantize;
        this.dequantize = new Twins(wide ? Int8Loops::dequantize : Int4Loops::dequantize, plain::dequantize);
        this.accumulate = new Twins(wide ? Int8Loops::accumulate : Int4Loops::accumulate, plain::accumulate);
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
    void largestBits(long x, long target, int blocks, int count) {
        if (count % Lanes.STEP == 0) {
            FloatLoops.largestBits(x, target, blocks, count);
            return;
        }
        int whole = wholeSteps(count);
        for (int block = 0; block < blocks; block++) {
            long from = x + 4L * block * count;
            long to = target + 4L * block;
            int largest = PlainKernels.largestBits(from + 4L * whole, count - whole);
            if (whole > 0) {
                FloatLoops.largestBits(from, to, 1, whole);
                largest = Math.max(largest, RawMemory.getInt(to));
            }
            RawMemory.putInt(to, largest);
        }
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
            quantize.run(inverses, x, levels, blocks, count);
            return;
        }
        int whole = wholeSteps(count);
        for (int block = 0; block < blocks; block++) {
            long factor = inverses + 4L * block;
            long from = x + 4L * block * count;
            long to = level(levels, block * count);
            quantize.run(factor, from, to, 1, whole);
            plain.quantize(factor, from + 4L * whole, level(to, whole), 1, count - whole);
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
        decode(dequantize, scales, levels, target, blocks, count);
    }

    @Override
    void accumulate(long scales, long levels, long target, int blocks, int count) {
        decode(accumulate, scales, levels, target, blocks, count);
    }

    private void decode(Twins twins, long scales, long levels, long target, int blocks, int count) {
        if (count % Lanes.STEP == 0) {
            twins.vector.run(scales, levels, target, blocks, count);
            return;
        }
        int whole = wholeSteps(count);
        for (int block = 0; block < blocks; block++) {
            long factor = scales + 4L * block;
            long from = level(levels, block * count);
            long to = target + 4L * block * count;
            twins.vector.run(factor, from, to, 1, whole);
            twins.plain.run(factor, level(from, whole), to + 4L * whole, 1, count - whole);
        }
    }

    @Override
    void sumOfTwo(long scales, long levels, long distance, long target, int blocks, int count) {
        if (count % Lanes.STEP != 0) {
            super.sumOfTwo(scales, levels, distance, target, blocks, count);
        } else if (wide) {
            Int8Loops.sumOfTwo(scales, levels, distance, target, blocks, count);
        } else {
            Int4Loops.sumOfTwo(scales, levels, distance, target, blocks, count);
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
