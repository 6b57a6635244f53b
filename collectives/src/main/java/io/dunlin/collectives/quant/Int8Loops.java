package io.dunlin.collectives.quant;

import static io.dunlin.collectives.quant.Lanes.W;
import static io.dunlin.collectives.quant.Lanes.add;
import static io.dunlin.collectives.quant.Lanes.inBounds;
import static io.dunlin.collectives.quant.Lanes.scaled;
import static io.dunlin.collectives.quant.Lanes.store;

import jdk.incubator.vector.FloatVector;

/**
 * Loops over blocks of levels of 8 bits, a factor for each block; counts are multiples of {@link Lanes#STEP}.
 *
 * <p>One loop goes through all blocks, four vectors at a time: a loop for each block would begin and end more than it does.
 */
final class Int8Loops {
    private static final int STEP = 4 * W;

    private Int8Loops() {}

    static void quantize(long inverses, long x, long levels, int blocks, int count) {
        long inverse = inverses;
        int left = count;
        for (int i = 0; i < blocks * count; i += STEP) {
            FloatVector factor = Lanes.constantAt(inverse);
            long from = inBounds(x + 4L * i);
            long to = inBounds(levels + i);
            Lanes.storeBytes(Lanes.rounded(from, factor), to);
            Lanes.storeBytes(Lanes.rounded(from + 4L * W, factor), to + W);
            Lanes.storeBytes(Lanes.rounded(from + 8L * W, factor), to + 2L * W);
            Lanes.storeBytes(Lanes.rounded(from + 12L * W, factor), to + 3L * W);
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
            long from = inBounds(levels + i);
            long to = inBounds(target + 4L * i);
            store(scaled(from, factor), to);
            store(scaled(from + W, factor), to + 4L * W);
            store(scaled(from + 2L * W, factor), to + 8L * W);
            store(scaled(from + 3L * W, factor), to + 12L * W);
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
            long from = inBounds(levels + i);
            long to = inBounds(target + 4L * i);
            add(scaled(from, factor), to);
            add(scaled(from + W, factor), to + 4L * W);
            add(scaled(from + 2L * W, factor), to + 8L * W);
            add(scaled(from + 3L * W, factor), to + 12L * W);
            left -= STEP;
            if (left == 0) {
                left = count;
                scale += Float.BYTES;
            }
        }
    }

    /** The other message is {@code distance} bytes further; with four vectors at a time, C2 would leave some on the heap. */
    static void sumOfTwo(long scales, long levels, long distance, long target, int blocks, int count) {
        long scale = scales;
        int left = count;
        for (int i = 0; i < blocks * count; i += 2 * W) {
            FloatVector factor = Lanes.constantAt(scale);
            FloatVector other = Lanes.constantAt(scale + distance);
            long from = inBounds(levels + i);
            long beside = inBounds(from + distance);
            long to = inBounds(target + 4L * i);
            store(scaled(from, factor).add(scaled(beside, other)), to);
            store(scaled(from + W, factor).add(scaled(beside + W, other)), to + 4L * W);
            left -= 2 * W;
            if (left == 0) {
                left = count;
                scale += Float.BYTES;
            }
        }
    }
}
