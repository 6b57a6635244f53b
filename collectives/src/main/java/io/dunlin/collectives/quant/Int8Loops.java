package io.dunlin.collectives.quant;

import static io.dunlin.collectives.quant.Lanes.W;
import static io.dunlin.collectives.quant.Lanes.load;
import static io.dunlin.collectives.quant.Lanes.store;

import jdk.incubator.vector.FloatVector;

/** Loops over blocks of levels of 8 bits, a factor for each block; counts are multiples of {@link Lanes#W}. */
final class Int8Loops {
    private Int8Loops() {}

    static void quantize(long inverses, long x, long levels, int blocks, int count) {
        for (int block = 0; block < blocks; block++) {
            FloatVector factor = Lanes.constantAt(inverses + 4L * block);
            long in = x + 4L * block * count;
            long to = levels + (long) block * count;
            for (int i = 0; i < count; i += W) {
                Lanes.storeBytes(Lanes.rounded(in + 4L * i, factor), to + i);
            }
        }
    }

    static void dequantize(long scales, long levels, long target, int blocks, int count) {
        for (int block = 0; block < blocks; block++) {
            FloatVector factor = Lanes.constantAt(scales + 4L * block);
            long from = levels + (long) block * count;
            long to = target + 4L * block * count;
            for (int i = 0; i < count; i += W) {
                store(Lanes.scaled(from + i, factor), to + 4L * i);
            }
        }
    }

    static void accumulate(long scales, long levels, long target, int blocks, int count) {
        for (int block = 0; block < blocks; block++) {
            FloatVector factor = Lanes.constantAt(scales + 4L * block);
            long from = levels + (long) block * count;
            long to = target + 4L * block * count;
            for (int i = 0; i < count; i += W) {
                store(load(to + 4L * i).add(Lanes.scaled(from + i, factor)), to + 4L * i);
            }
        }
    }
}
