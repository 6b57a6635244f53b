package io.dunlin.collectives.quant;

import static io.dunlin.collectives.quant.Lanes.W;
import static io.dunlin.collectives.quant.Lanes.load;
import static io.dunlin.collectives.quant.Lanes.store;

import jdk.incubator.vector.FloatVector;

/**
 * Loops over levels of 8 bits; counts are multiples of {@link Lanes#STEP}. Four vectors at a time: a block is short, and the
 * compiler's own unrolling would spend it in the loops before and after.
 */
final class Int8Loops {
    private Int8Loops() {}

    static void quantize(long x, float inverse, long levels, int count) {
        FloatVector factor = Lanes.constant(inverse);
        for (int i = 0; i < count; i += Lanes.STEP) {
            long at = x + 4L * i;
            Lanes.storeBytes(Lanes.rounded(at, factor), levels + i);
            Lanes.storeBytes(Lanes.rounded(at + 4L * W, factor), levels + i + W);
            Lanes.storeBytes(Lanes.rounded(at + 8L * W, factor), levels + i + 2 * W);
            Lanes.storeBytes(Lanes.rounded(at + 12L * W, factor), levels + i + 3 * W);
        }
    }

    static void dequantize(long levels, float scale, long target, int count) {
        FloatVector factor = Lanes.constant(scale);
        for (int i = 0; i < count; i += Lanes.STEP) {
            long at = target + 4L * i;
            store(Lanes.scaled(levels + i, factor), at);
            store(Lanes.scaled(levels + i + W, factor), at + 4L * W);
            store(Lanes.scaled(levels + i + 2 * W, factor), at + 8L * W);
            store(Lanes.scaled(levels + i + 3 * W, factor), at + 12L * W);
        }
    }

    static void accumulate(long levels, float scale, long target, int count) {
        FloatVector factor = Lanes.constant(scale);
        for (int i = 0; i < count; i += Lanes.STEP) {
            long at = target + 4L * i;
            store(load(at).add(Lanes.scaled(levels + i, factor)), at);
            store(load(at + 4L * W).add(Lanes.scaled(levels + i + W, factor)), at + 4L * W);
            store(load(at + 8L * W).add(Lanes.scaled(levels + i + 2 * W, factor)), at + 8L * W);
            store(load(at + 12L * W).add(Lanes.scaled(levels + i + 3 * W, factor)), at + 12L * W);
        }
    }
}
