package io.dunlin.collectives.quant;

import static io.dunlin.collectives.quant.Lanes.W;
import static io.dunlin.collectives.quant.Lanes.load;
import static io.dunlin.collectives.quant.Lanes.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Loops over levels of 4 bits; counts are multiples of a group, whose bytes they read and write by {@link Lanes#W}. A vector
 * of bytes has the elements at {@code at} in its lower halves and those 16 further in its upper ones.
 */
final class Int4Loops {
    private static final int HALF = BlockFormat.GROUP_ELEMENTS / 2;

    private Int4Loops() {}

    static void quantize(long x, float inverse, long levels, int count) {
        FloatVector factor = Lanes.constant(inverse);
        int bytes = count / 2;
        for (int b = 0; b < bytes; b += W) {
            long at = x + 4L * (b + (b & -HALF));
            IntVector low = load(at).mul(factor).add(Lanes.ROUNDER).reinterpretAsInts();
            IntVector high = load(at + 4L * HALF).mul(factor).add(Lanes.ROUNDER).reinterpretAsInts();
            Lanes.storeBytes(low.and(0xF).or(high.lanewise(VectorOperators.LSHL, 4)), levels + b);
        }
    }

    static void dequantize(long levels, float scale, long target, int count) {
        FloatVector factor = Lanes.constant(scale);
        int bytes = count / 2;
        for (int b = 0; b < bytes; b += W) {
            long at = target + 4L * (b + (b & -HALF));
            IntVector pair = Lanes.loadBytes(levels + b);
            IntVector low = pair.lanewise(VectorOperators.LSHL, 28).lanewise(VectorOperators.ASHR, 28);
            IntVector high = pair.lanewise(VectorOperators.ASHR, 4);
            store(Lanes.toFloats(low).mul(factor), at);
            store(Lanes.toFloats(high).mul(factor), at + 4L * HALF);
        }
    }

    static void accumulate(long levels, float scale, long target, int count) {
        FloatVector factor = Lanes.constant(scale);
        int bytes = count / 2;
        for (int b = 0; b < bytes; b += W) {
            long at = target + 4L * (b + (b & -HALF));
            IntVector pair = Lanes.loadBytes(levels + b);
            IntVector low = pair.lanewise(VectorOperators.LSHL, 28).lanewise(VectorOperators.ASHR, 28);
            IntVector high = pair.lanewise(VectorOperators.ASHR, 4);
            store(load(at).add(Lanes.toFloats(low).mul(factor)), at);
            store(load(at + 4L * HALF).add(Lanes.toFloats(high).mul(factor)), at + 4L * HALF);
        }
    }
}
