package io.dunlin.collectives.quant;

import static io.dunlin.collectives.quant.Lanes.W;
import static io.dunlin.collectives.quant.Lanes.load;
import static io.dunlin.collectives.quant.Lanes.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * Loops over levels of 4 bits; counts are multiples of {@link Lanes#STEP}, which is whole groups. A vector of bytes has the
 * elements at {@link Lanes#ofPair} in its lower halves and those of half a group further in its upper ones.
 */
final class Int4Loops {
    private static final long HALF_BYTES = BlockFormat.GROUP_ELEMENTS / 2 * Float.BYTES;

    private Int4Loops() {}

    static void quantize(long x, float inverse, long levels, int count) {
        FloatVector factor = Lanes.constant(inverse);
        int bytes = count / 2;
        for (int b = 0; b < bytes; b += 2 * W) {
            long at = x + Lanes.ofPair(b);
            long next = x + Lanes.ofPair(b + W);
            Lanes.storeBytes(
                    Lanes.paired(Lanes.rounded(at, factor), Lanes.rounded(at + HALF_BYTES, factor)), levels + b);
            Lanes.storeBytes(
                    Lanes.paired(Lanes.rounded(next, factor), Lanes.rounded(next + HALF_BYTES, factor)),
                    levels + b + W);
        }
    }

    static void dequantize(long levels, float scale, long target, int count) {
        FloatVector factor = Lanes.constant(scale);
        int bytes = count / 2;
        for (int b = 0; b < bytes; b += 2 * W) {
            long at = target + Lanes.ofPair(b);
            long next = target + Lanes.ofPair(b + W);
            IntVector pair = Lanes.loadBytes(levels + b);
            IntVector nextPair = Lanes.loadBytes(levels + b + W);
            store(Lanes.low(pair, factor), at);
            store(Lanes.high(pair, factor), at + HALF_BYTES);
            store(Lanes.low(nextPair, factor), next);
            store(Lanes.high(nextPair, factor), next + HALF_BYTES);
        }
    }

    static void accumulate(long levels, float scale, long target, int count) {
        FloatVector factor = Lanes.constant(scale);
        int bytes = count / 2;
        for (int b = 0; b < bytes; b += 2 * W) {
            long at = target + Lanes.ofPair(b);
            long next = target + Lanes.ofPair(b + W);
            IntVector pair = Lanes.loadBytes(levels + b);
            IntVector nextPair = Lanes.loadBytes(levels + b + W);
            store(load(at).add(Lanes.low(pair, factor)), at);
            store(load(at + HALF_BYTES).add(Lanes.high(pair, factor)), at + HALF_BYTES);
            store(load(next).add(Lanes.low(nextPair, factor)), next);
            store(load(next + HALF_BYTES).add(Lanes.high(nextPair, factor)), next + HALF_BYTES);
        }
    }
}
