package io.dunlin.collectives.quant;

import static io.dunlin.collectives.quant.Lanes.W;
import static io.dunlin.collectives.quant.Lanes.load;
import static io.dunlin.collectives.quant.Lanes.store;

import io.dunlin.collectives.wire.RawMemory;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** Loops over floats; counts are multiples of {@link Lanes#W}. */
final class FloatLoops {
    private static final int QUIET_NAN = 0x7FC0;

    private FloatLoops() {}

    /** The largest magnitude of each block; the count is a multiple of {@link Lanes#STEP}. */
    static void largestBits(long x, long target, int blocks, int count) {
        for (int block = 0; block < blocks; block++) {
            IntVector a = IntVector.zero(Lanes.I);
            IntVector b = IntVector.zero(Lanes.I);
            long from = x + 4L * block * count;
            for (int i = 0; i < count; i += 4 * W) { // two chains of maxima, so that one need not wait for the other
                long at = Lanes.inBounds(from + 4L * i);
                a = a.max(Lanes.magnitude(at).max(Lanes.magnitude(at + 4L * W)));
                b = b.max(Lanes.magnitude(at + 8L * W).max(Lanes.magnitude(at + 12L * W)));
            }
            RawMemory.putInt(target + 4L * block, a.max(b).reduceLanes(VectorOperators.MAX));
        }
    }

    static void widen(long halves, long target, int count) {
        for (int i = 0; i < count; i += W) {
            IntVector bits = Lanes.loadShorts(halves + 2L * i).lanewise(VectorOperators.LSHL, 16);
            store(bits.reinterpretAsFloats(), target + 4L * i);
        }
    }

    static void narrow(long x, long halves, int count) {
        for (int i = 0; i < count; i += W) {
            FloatVector value = load(x + 4L * i);
            IntVector bits = value.reinterpretAsInts();
            IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).and(1);
            IntVector rounded = bits.add(odd).add(0x7FFF).lanewise(VectorOperators.LSHR, 16);
            Lanes.storeShorts(
                    rounded.blend(QUIET_NAN, value.test(VectorOperators.IS_NAN).cast(Lanes.I)), halves + 2L * i);
        }
    }

    static void dither(long x, float inverse, long noise, long target, int count, float largestLevel) {
        FloatVector factor = Lanes.constant(inverse);
        FloatVector unit = Lanes.constant(0x1p-16f);
        FloatVector half = Lanes.constant(0x1p-17f);
        FloatVector most = Lanes.constant(largestLevel);
        FloatVector least = Lanes.constant(-largestLevel);
        for (int i = 0; i < count; i += W) {
            FloatVector shift =
                    Lanes.toFloats(Lanes.loadShorts(noise + 2L * i)).mul(unit).add(half);
            FloatVector value = load(x + 4L * i).mul(factor).add(shift);
            FloatVector raised = value.blend(least, value.compare(VectorOperators.LT, least));
            store(raised.blend(most, raised.compare(VectorOperators.GT, most)), target + 4L * i);
        }
    }

    static void divide(long x, float divisor, int count) {
        FloatVector by = Lanes.constant(divisor);
        for (int i = 0; i < count; i += W) {
            store(load(x + 4L * i).div(by), x + 4L * i);
        }
    }

    static void carry(long error, float beta, long x, long decoded, int count) {
        FloatVector kept = Lanes.constant(beta);
        FloatVector rest = Lanes.constant(1 - beta);
        for (int i = 0; i < count; i += W) {
            FloatVector lost = load(x + 4L * i).sub(load(decoded + 4L * i));
            store(kept.mul(load(error + 4L * i)).add(rest.mul(lost)), error + 4L * i);
        }
    }

    /** Leaves a vector of sums for each at {@code signal} and {@code noise}. */
    static void powers(long x, float inverse, long decoded, int count, long signal, long noise) {
        FloatVector factor = Lanes.constant(inverse);
        FloatVector values = FloatVector.zero(Lanes.F);
        FloatVector errors = FloatVector.zero(Lanes.F);
        for (int i = 0; i < count; i += W) {
            FloatVector value = load(x + 4L * i).mul(factor);
            FloatVector error = value.sub(load(decoded + 4L * i));
            values = value.fma(value, values);
            errors = error.fma(error, errors);
        }
        store(values, signal);
        store(errors, noise);
    }
}
