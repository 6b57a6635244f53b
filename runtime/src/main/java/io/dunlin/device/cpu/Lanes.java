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
 * fma or max; one exponential in a method. Otherwise C2 puts vectors on the heap.
 */
final class Lanes {
    static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
    static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;
    /** Floats in a vector. */
    static final int W = F.length();

    static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Short> S =
            VectorSpecies.of(short.class, VectorShape.forBitSize(F.vectorBitSize() / 2));
    private static final VectorShuffle<Float> BY_HALF = turnedBy(W / 2);
    private static final VectorShuffle<Float> BY_QUARTER = turnedBy(W / 4);
    private static final VectorShuffle<Float> BY_EIGHTH = turnedBy(W / 8);
    private static final VectorShuffle<Float> BY_SIXTEENTH = turnedBy(W / 16);

    static final FloatVector ONE = constant(1f);
    static final FloatVector HALF = constant(0.5f);
    private static final FloatVector LEAST_EXPONENT = constant(-87.3f);
    private static final FloatVector LARGEST_EXPONENT = constant(88.3f);
    private static final FloatVector LOG2_E = constant(1.44269504f);
    private static final FloatVector ROUNDER = constant(0x1.8p23f);
    private static final FloatVector MINUS_LN2_HIGH = constant(-0.693145752f);
    private static final FloatVector MINUS_LN2_LOW = constant(-1.42860677e-6f);
    private static final FloatVector P0 = constant(1.98756915e-4f);
    private static final FloatVector P1 = constant(1.39819995e-3f);
    private static final FloatVector P2 = constant(8.33345205e-3f);
    private static final FloatVector P3 = constant(4.16657962e-2f);
    private static final FloatVector P4 = constant(1.66666657e-1f);
    private static final int FRACTION_BITS = 23;
    static final int ALL_BUT_SIGN = 0x7FFFFFFF;

    private Lanes() {}

    /** The same value in every lane; as a constant it costs the compiler less than a broadcast in the loop. */
    static FloatVector constant(float value) {
        return FloatVector.broadcast(F, value);
    }

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

    /** {@code count} rounded up to whole vectors. */
    static int wholeVectors(int count) {
        return (count + W - 1) & -W;
    }

    /** The first {@code count} lanes. */
    static VectorMask<Float> first(int count) {
        return F.indexInRange(0, count);
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
        IntVector kept = rounded.blend(
                Memory.QUIET_NAN, vector.test(VectorOperators.IS_NAN).cast(I));
        ((ShortVector) kept.convertShape(VectorOperators.I2S, S, 0)).intoMemorySegment(ALL, address, LE);
    }

    /**
     * e^x within about 2 units in the last place, for x clamped to [-87.3, 88.3]; NaN stays NaN.
     *
     * <p>Polynomial of Cephes' expf on x - n ln 2; n is rounded by adding 1.5 * 2^23, whose integer bits are then shifted
     * into the exponent. This avoids the float-to-int conversion, whose Java semantics cost more than the polynomial.
     */
    static FloatVector exp(FloatVector x) {
        // Compare and blend, not max and min: those spend several instructions on NaN and signed zeros.
        FloatVector raised = x.blend(LEAST_EXPONENT, x.compare(VectorOperators.LT, LEAST_EXPONENT));
        return expNotLess(raised.blend(LARGEST_EXPONENT, raised.compare(VectorOperators.GT, LARGEST_EXPONENT)));
    }

    /** As {@link #exp}, for x that is at most 0 up to rounding. */
    static FloatVector expOfNegative(FloatVector x) {
        return expNotLess(x.blend(LEAST_EXPONENT, x.compare(VectorOperators.LT, LEAST_EXPONENT)));
    }

    private static FloatVector expNotLess(FloatVector clamped) {
        FloatVector magic = clamped.fma(LOG2_E, ROUNDER);
        FloatVector n = magic.sub(ROUNDER);
        FloatVector r = n.fma(MINUS_LN2_LOW, n.fma(MINUS_LN2_HIGH, clamped));
        FloatVector p = P0.fma(r, P1).fma(r, P2).fma(r, P3).fma(r, P4).fma(r, HALF);
        p = p.fma(r.mul(r), r).add(ONE);
        IntVector exponent = magic.reinterpretAsInts().lanewise(VectorOperators.LSHL, FRACTION_BITS);
        return p.reinterpretAsInts().add(exponent).reinterpretAsFloats();
    }

    /** Integers in the order of the floats; applied twice, it gives the same bits again. */
    static IntVector ordered(FloatVector x) {
        IntVector bits = x.reinterpretAsInts();
        return bits.lanewise(VectorOperators.ASHR, 31).and(ALL_BUT_SIGN).lanewise(VectorOperators.XOR, bits);
    }

    /**
     * The sum of the lanes, upper half onto lower half. Not {@code reduceLanes(ADD)}: its order differs between
     * interpreted and compiled code.
     */
    static float sum(FloatVector vector) {
        FloatVector sum = vector.add(vector.rearrange(BY_HALF));
        if (W >= 4) {
            sum = sum.add(sum.rearrange(BY_QUARTER));
        }
        if (W >= 8) {
            sum = sum.add(sum.rearrange(BY_EIGHTH));
        }
        if (W >= 16) {
            sum = sum.add(sum.rearrange(BY_SIXTEENTH));
        }
        return sum.lane(0);
    }

    /** 1 / (1 + e^-x). */
    static FloatVector sigmoid(FloatVector x) {
        return ONE.div(exp(x.neg()).add(ONE));
    }
}
