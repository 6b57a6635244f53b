package io.dunlin.collectives.wire;

import static io.dunlin.collectives.wire.RawMemory.ALL;

import io.dunlin.collectives.ReduceOp;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Sums and means of BF16 in F32, rounded once. */
final class BFloat16Sum extends Reduction {
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Short> SHORTS =
            VectorSpecies.of(short.class, VectorShape.forBitSize(INTS.vectorBitSize() / 2));
    private static final int STEP_BYTES = FLOATS.length() * Short.BYTES;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private final ReduceOp op;
    private final long[] pair = new long[2];

    BFloat16Sum(ReduceOp op) {
        this.op = op;
    }

    @Override
    public void combine(long left, long right, long target, long elements) {
        pair[0] = left;
        pair[1] = right;
        fold(target, pair, 2, elements, 1);
    }

    @Override
    public void fold(long target, long[] sources, int count, long elements) {
        fold(target, sources, count, elements, op == ReduceOp.MEAN ? count : 1);
    }

    private static void fold(long target, long[] sources, int count, long elements, float divisor) {
        long bytes = elements * Short.BYTES;
        long fullBytes = bytes - bytes % STEP_BYTES;
        for (long i = 0; i < fullBytes; i += STEP_BYTES) {
            foldVector(target, sources, count, i, divisor);
        }
        for (long i = fullBytes; i < bytes; i += Short.BYTES) {
            float sum = get(sources[0] + i);
            for (int source = 1; source < count; source++) {
                sum += get(sources[source] + i);
            }
            ALL.set(ValueLayout.JAVA_SHORT_UNALIGNED, target + i, BFloat16.narrow(sum / divisor));
        }
    }

    private static void foldVector(long target, long[] sources, int count, long at, float divisor) {
        FloatVector sum = load(sources[0] + at);
        for (int source = 1; source < count; source++) {
            sum = sum.add(load(sources[source] + at));
        }
        if (divisor != 1) {
            sum = sum.div(divisor);
        }
        IntVector bits = sum.reinterpretAsInts();
        VectorMask<Integer> nan = sum.test(VectorOperators.IS_NAN).cast(INTS);
        IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).and(1);
        IntVector rounded =
                bits.add(odd).add(0x7FFF).lanewise(VectorOperators.LSHR, 16).blend(0x7FC0, nan);
        ((ShortVector) rounded.convertShape(VectorOperators.I2S, SHORTS, 0)).intoMemorySegment(ALL, target + at, ORDER);
    }

    /** What {@link #combine} rounded is rounded once more by the division: means of BF16 are folded instead. */
    @Override
    public void finish(long target, long elements, int members) {
        if (op == ReduceOp.MEAN) {
            for (long i = 0; i < elements * Short.BYTES; i += Short.BYTES) {
                ALL.set(ValueLayout.JAVA_SHORT_UNALIGNED, target + i, BFloat16.narrow(get(target + i) / members));
            }
        }
    }

    private static FloatVector load(long address) {
        ShortVector half = ShortVector.fromMemorySegment(SHORTS, ALL, address, ORDER);
        IntVector wide = (IntVector) half.convertShape(VectorOperators.ZERO_EXTEND_S2I, INTS, 0);
        return wide.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }

    private static float get(long address) {
        return BFloat16.widen(ALL.get(ValueLayout.JAVA_SHORT_UNALIGNED, address));
    }
}
