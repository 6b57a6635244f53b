package io.dunlin.collectives.quant;

import static io.dunlin.collectives.quant.Lanes.W;
import static io.dunlin.collectives.quant.Lanes.add;
import static io.dunlin.collectives.quant.Lanes.inBounds;
import static io.dunlin.collectives.quant.Lanes.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * Loops over blocks of levels of 4 bits, a factor for each block; counts are multiples of a group. A vector of bytes has the
 * elements at {@link Lanes#ofPair} in its lower halves and those of half a group further in its upper ones.
 *
 * <p>One loop goes through all blocks, one vector of bytes at a time: with two, sums would exceed what C2 inlines, and leave
 * vectors on the heap.
 */
final class Int4Loops {
    private static final int STEP = 2 * W;
    private static final long HALF_BYTES = BlockFormat.GROUP_ELEMENTS / 2 * Float.BYTES;

    private Int4Loops() {}

    static void quantize(long inverses, long x, long levels, int blocks, int count) {
        long inverse = inverses;
        int left = count;
        for (int i = 0; i < blocks * count; i += STEP) {
            FloatVector factor = Lanes.constantAt(inverse);
            long from = inBounds(x + Lanes.ofPair(i >>> 1));
            IntVector low = Lanes.rounded(from, factor);
            IntVector high = Lanes.rounded(from + HALF_BYTES, factor);
            Lanes.storeBytes(Lanes.paired(low, high), inBounds(levels + (i >>> 1)));
            left -= STEP;
            if (left == 0) {
                left = count;
                inverse += Float.BYTES;
            }
        }
    }

    static void dequantize(long scales, long levels, long target, int blocks, int count) {
        long scale = scales;
        int left = count;
        for (int i = 0; i < blocks * count; i += STEP) {
            FloatVector factor = Lanes.constantAt(scale);
            IntVector pairs = Lanes.loadBytes(inBounds(levels + (i >>> 1)));
            long to = inBounds(target + Lanes.ofPair(i >>> 1));
            store(Lanes.low(pairs, factor), to);
            store(Lanes.high(pairs, factor), to + HALF_BYTES);
            left -= STEP;
            if (left == 0) {
                left = count;
                scale += Float.BYTES;
            }
        }
    }

    static void accumulate(long scales, long levels, long target, int blocks, int count) {
        long scale = scales;
        int left = count;
        for (int i = 0; i < blocks * count; i += STEP) {
            FloatVector factor = Lanes.constantAt(scale);
            IntVector pairs = Lanes.loadBytes(inBounds(levels + (i >>> 1)));
            long to = inBounds(target + Lanes.ofPair(i >>> 1));
            add(Lanes.low(pairs, factor), to);
            add(Lanes.high(pairs, factor), to + HALF_BYTES);
            left -= STEP;
            if (left == 0) {
                left = count;
                scale += Float.BYTES;
            }
        }
    }

    /** The other message is {@code distance} bytes further; two factors are kept, since to load them each time is slower. */
    static void sumOfTwo(long scales, long levels, long distance, long target, int blocks, int count) {
        long scale = scales;
        FloatVector factor = Lanes.constantAt(scale);
        FloatVector other = Lanes.constantAt(scale + distance);
        int end = count;
        for (int i = 0; i < blocks * count; i += STEP) {
            if (i == end) {
                end += count;
                scale += Float.BYTES;
                factor = Lanes.constantAt(scale);
                other = Lanes.constantAt(scale + distance);
            }
            long from = levels + (i >>> 1);
            IntVector pairs = Lanes.loadBytes(inBounds(from));
            IntVector beside = Lanes.loadBytes(inBounds(from + distance));
            long to = inBounds(target + Lanes.ofPair(i >>> 1));
            store(Lanes.low(pairs, factor).add(Lanes.low(beside, other)), to);
            store(Lanes.high(pairs, factor).add(Lanes.high(beside, other)), to + HALF_BYTES);
        }
    }
}
