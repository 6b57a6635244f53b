package io.dunlin.collectives.quant;

import static io.dunlin.collectives.quant.Lanes.W;
import static io.dunlin.collectives.quant.Lanes.load;
import static io.dunlin.collectives.quant.Lanes.store;

import jdk.incubator.vector.FloatVector;

/** Loops over levels of 8 bits; counts are multiples of {@link Lanes#W}. */
final class Int8Loops {
    private Int8Loops() {}

    static void quantize(long x, float inverse, long levels, int count) {
        FloatVector factor = Lanes.constant(inverse);
        for (int i = 0; i < count; i += W) {
            FloatVector rounded = load(x + 4L * i).mul(factor).add(Lanes.ROUNDER);
            Lanes.storeBytes(rounded.reinterpretAsInts(), levels + i);
        }
    }

    static void dequantize(long levels, float scale, long target, int count) {
        FloatVector factor = Lanes.constant(scale);
        for (int i = 0; i < count; i += W) {
            store(Lanes.toFloats(Lanes.loadBytes(levels + i)).mul(factor), target + 4L * i);
        }
    }

    static void accumulate(long levels, float scale, long target, int count) {
        FloatVector factor = Lanes.constant(scale);
        for (int i = 0; i < count; i += W) {
            FloatVector value = Lanes.toFloats(Lanes.loadBytes(levels + i)).mul(factor);
            store(load(target + 4L * i).add(value), target + 4L * i);
        }
    }
}
