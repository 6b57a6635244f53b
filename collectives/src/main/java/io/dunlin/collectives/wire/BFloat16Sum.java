package io.dunlin.collectives.wire;

import static io.dunlin.collectives.wire.RawMemory.ALL;

import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Sums of BF16 in F32, rounded once. */
final class BFloat16Sum extends Reduction {
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Short> SHORTS =
            VectorSpecies.of(short.class, VectorShape.forBitSize(INTS.vectorBitSize() / 2));
    private static final int STEP_BYTES = FLOATS.length() * Short.BYTES;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private final long[] pair = new long[2];

    @Override
    public void accumulate(long target, long source, long elements) {
        pair[0] = target;
        pair[1] = source;
        fold(target, pair, 2, elements);
    }

    @Override
    public void fold(long target, long[] sources, int count, long elements) {
        long bytes = elements * Short.BYTES;
        long fullBytes = bytes - bytes % STEP_BYTES;
        for (long i = 0; i < fullBytes; i += STEP_BYTES) {
            foldVector(target, sources, count, i);
        }
        for (long i = fullBytes; i < bytes; i += Short.BYTES) {
            float sum = get(sources[0] + i);
            for (int source = 1; source < count; source++) {
                sum += get(sources[source] + i);
            }
            ALL.set(ValueLayout.JAVA_SHORT_UNALIGNED, target + i, BFloat16.narrow(sum));
        }
    }

    private static void foldVector(long target, long[] sources, int count, long at) {
        FloatVector sum = load(sources[0] + at);
        for (int source = 1; source < count; source++) {
            sum = sum.add(load(sources[source] + at));
        }
        IntVector bits = sum.reinterpretAsInts();
        VectorMask<Integer> nan = sum.test(VectorOperators.IS_NAN).cast(INTS);
        IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).and(1);
        IntVector rounded =
                bits.add(odd).add(0x7FFF).lanewise(VectorOperators.LSHR, 16).blend(0x7FC0, nan);
        ((ShortVector) rounded.convertShape(VectorOperators.I2S, SHORTS, 0)).intoMemorySegment(ALL, target + at, ORDER);
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
