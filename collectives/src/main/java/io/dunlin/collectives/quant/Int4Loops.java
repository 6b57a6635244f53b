package io.dunlin.collectives.quant;

import static io.dunlin.collectives.quant.Lanes.W;
import static io.dunlin.collectives.quant.Lanes.load;
import static io.dunlin.collectives.quant.Lanes.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * Loops over blocks of levels of 4 bits, a factor for each block; counts are multiples of a group. A vector of bytes has the
 * elements at {@link Lanes#ofPair} in its lower halves and those of half a group further in its upper ones.
 */
final class Int4Loops {
    private static final long HALF_BYTES = BlockFormat.GROUP_ELEMENTS / 2 * Float.BYTES;

    private Int4Loops() {}

    static void quantize(long inverses, long x, long levels, int blocks, int count) {
        int bytes = count / 2;
        for (int block = 0; block < blocks; block++) {
            FloatVector factor = Lanes.constantAt(inverses + 4L * block);
            long in = x + 4L * block * count;
            long to = levels + (long) block * bytes;
            for (int b = 0; b < bytes; b += W) {
                long at = in + Lanes.ofPair(b);
                IntVector low = Lanes.rounded(at, factor);
                Lanes.storeBytes(Lanes.paired(low, Lanes.rounded(at + HALF_BYTES, factor)), to + b);
            }
        }
    }

    static void dequantize(long scales, long levels, long target, int blocks, int count) {
        int bytes = count / 2;
        for (int block = 0; block < blocks; block++) {
            FloatVector factor = Lanes.constantAt(scales + 4L * block);
            long from = levels + (long) block * bytes;
            long to = target + 4L * block * count;
            for (int b = 0; b < bytes; b += W) {
                long at = to + Lanes.ofPair(b);
                IntVector pair = Lanes.loadBytes(from + b);
                store(Lanes.low(pair, factor), at);
                store(Lanes.high(pair, factor), at + HALF_BYTES);
            }
        }
    }

    static void accumulate(long scales, long levels, long target, int blocks, int count) {
        int bytes = count / 2;
        for (int block = 0; block < blocks; block++) {
            FloatVector factor = Lanes.constantAt(scales + 4L * block);
            long from = levels + (long) block * bytes;
            long to = target + 4L * block * count;
            for (int b = 0; b < bytes; b += W) {
                long at = to + Lanes.ofPair(b);
                IntVector pair = Lanes.loadBytes(from + b);
                store(load(at).add(Lanes.low(pair, factor)), at);
                store(load(at + HALF_BYTES).add(Lanes.high(pair, factor)), at + HALF_BYTES);
            }
        }
    }
}
