package io.dunlin.device.cpu;

import static io.dunlin.device.cpu.Memory.ALL;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * Vectors of floats at raw addresses, conversions from and to BF16, and the exponential.
 *
 * <p>Rules for code that uses this, learned by measuring: one loop per method; loop-carried vectors change only by add,
 * fma or max; no more than two exponentials in a loop body. Otherwise C2 puts vectors on the heap.
 */
final class Lanes {
    static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
    static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;
    /** Floats in a vector. */
    static final int W = F.length();

    private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Short> S =
            VectorSpecies.of(short.class, VectorShape.forBitSize(F.vectorBitSize() / 2));
    private static final VectorShuffle<Float> HALF = turnedBy(W / 2);
    private static final VectorShuffle<Float> QUARTER = turnedBy(W / 4);
    private static final VectorShuffle<Float> EIGHTH = turnedBy(W / 8);
    private static final VectorShuffle<Float> SIXTEENTH = turnedBy(W / 16);

    private Lanes() {}

    private static VectorShuffle<Float> turnedBy(int distance) {
        return VectorShuffle.fromOp(F, lane -> (lane + distance) % W);
    }

    static FloatVector load(long address) {
        return FloatVector.fromMemorySegment(F, ALL, address, LE);
    }

    /** Lanes outside of the mask are zero. */
    static FloatVector load(long address, VectorMask<Float> mask) {
        return FloatVector.fromMemorySegment(F, ALL, address, LE, mask);
    }

    static void store(FloatVector vector, long address) {
        vector.intoMemorySegment(ALL, address, LE);
    }

    static void store(FloatVector vector, long address, VectorMask<Float> mask) {
        vector.intoMemorySegment(ALL, address, LE, mask);
    }

    /** The first {@code count} lanes. */
    static VectorMask<Float> first(int count) {
        return F.indexInRange(0, count);
    }

    /** Widens {@code count} BF16 to F32. */
    static void widen(long from, long to, int count) {
        int i = 0;
        for (int bound = F.loopBound(count); i < bound; i += W) {
            store(widened(from + 2L * i), to + 4L * i);
        }
        for (; i < count; i++) {
            Memory.f32(to + 4L * i, Memory.bf16(from + 2L * i));
        }
    }

    /** Rounds {@code count} F32 to BF16. */
    static void narrow(long from, long to, int count) {
        int i = 0;
        for (int bound = F.loopBound(count); i < bound; i += W) {
            storeNarrow(load(from + 4L * i), to + 2L * i);
        }
        for (; i < count; i++) {
            Memory.bf16(to + 2L * i, Memory.f32(from + 4L * i));
        }
    }

    /** A vector's worth of BF16, widened. */
    static FloatVector widened(long address) {
        ShortVector halves = ShortVector.fromMemorySegment(S, ALL, address, LE);
        IntVector bits = (IntVector) halves.convertShape(VectorOperators.S2I, I, 0);
        return bits.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }

    /** Stores a vector rounded to BF16, to nearest with ties to even. */
    static void storeNarrow(FloatVector vector, long address) {
        IntVector bits = vector.reinterpretAsInts();
        IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).and(1);
        IntVector rounded = bits.add(odd).add(0x7FFF).lanewise(VectorOperators.LSHR, 16);
        IntVector kept = rounded.blend(Memory.QUIET_NAN, vector.test(VectorOperators.IS_NAN).cast(I));
        ((ShortVector) kept.convertShape(VectorOperators.I2S, S, 0)).intoMemorySegment(ALL, address, LE);
    }

    /** Copies {@code count} F32. */
    static void move(long from, long to, int count) {
        int i = 0;
        for (int bound = F.loopBound(count); i < bound; i += W) {
            store(load(from + 4L * i), to + 4L * i);
        }
        for (; i < count; i++) {
            Memory.f32(to + 4L * i, Memory.f32(from + 4L * i));
        }
    }

    /** Sets {@code count} F32 to {@code value}. */
    static void fill(long to, float value, int count) {
        FloatVector vector = FloatVector.broadcast(F, value);
        int i = 0;
        for (int bound = F.loopBound(count); i < bound; i += W) {
            store(vector, to + 4L * i);
        }
        for (; i < count; i++) {
            Memory.f32(to + 4L * i, value);
        }
    }

    /**
     * e^x within about 2 units in the last place, for x clamped to [-87.3, 88.3]; NaN stays NaN.
     *
     * <p>Polynomial of Cephes' expf on x - n ln 2; n is rounded by adding 1.5 * 2^23, whose integer bits are then shifted
     * into the exponent. This avoids the float-to-int conversion, whose Java semantics cost more than the polynomial.
     */
    static FloatVector exp(FloatVector x) {
        FloatVector clamped = x.max(-87.3f).min(88.3f);
        FloatVector magic = clamped.fma(1.44269504f, 12582912f);
        FloatVector n = magic.sub(12582912f);
        FloatVector r = n.fma(FloatVector.broadcast(F, -0.693145752f), clamped);
        r = n.fma(FloatVector.broadcast(F, -1.42860677e-6f), r);
        FloatVector p = FloatVector.broadcast(F, 1.98756915e-4f);
        p = p.fma(r, FloatVector.broadcast(F, 1.39819995e-3f));
        p = p.fma(r, FloatVector.broadcast(F, 8.33345205e-3f));
        p = p.fma(r, FloatVector.broadcast(F, 4.16657962e-2f));
        p = p.fma(r, FloatVector.broadcast(F, 1.66666657e-1f));
        p = p.fma(r, FloatVector.broadcast(F, 0.5f));
        p = p.fma(r.mul(r), r).add(1f);
        IntVector exponent = magic.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
        return p.reinterpretAsInts().add(exponent).reinterpretAsFloats();
    }

    /**
     * The sum of the lanes, upper half onto lower half. Not {@code reduceLanes(ADD)}: its order differs between
     * interpreted and compiled code.
     */
    static float sum(FloatVector vector) {
        FloatVector sum = vector.add(vector.rearrange(HALF));
        if (W >= 4) {
            sum = sum.add(sum.rearrange(QUARTER));
        }
        if (W >= 8) {
            sum = sum.add(sum.rearrange(EIGHTH));
        }
        if (W >= 16) {
            sum = sum.add(sum.rearrange(SIXTEENTH));
        }
        return sum.lane(0);
    }

    /** 1 / (1 + e^-x). */
    static FloatVector sigmoid(FloatVector x) {
        return FloatVector.broadcast(F, 1f).div(exp(x.neg()).add(1f));
    }
}
