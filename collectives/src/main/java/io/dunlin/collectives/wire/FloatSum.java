package io.dunlin.collectives.wire;

import static io.dunlin.collectives.wire.RawMemory.ALL;

import io.dunlin.collectives.ReduceOp;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** Sums and means of F32 in F32. */
public final class FloatSum extends Reduction {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();
    private static final int STEP_BYTES = LANES * Float.BYTES;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private final ReduceOp op;

    FloatSum(ReduceOp op) {
        this.op = op;
    }

    @Override
    public void combine(long left, long right, long target, long elements) {
        add(left, right, target, elements);
    }

    /** target[i] = left[i] + right[i]; target may be either. */
    public static void add(long left, long right, long target, long elements) {
        long bytes = elements * Float.BYTES;
        long fullBytes = bytes - bytes % STEP_BYTES;
        addVectors(left, right, target, fullBytes);
        addScalars(left + fullBytes, right + fullBytes, target + fullBytes, bytes - fullBytes);
    }

    private static void addVectors(long left, long right, long target, long bytes) {
        for (long i = 0; i < bytes; i += STEP_BYTES) {
            FloatVector a = FloatVector.fromMemorySegment(SPECIES, ALL, left + i, ORDER);
            FloatVector b = FloatVector.fromMemorySegment(SPECIES, ALL, right + i, ORDER);
            a.add(b).intoMemorySegment(ALL, target + i, ORDER);
        }
    }

    private static void addScalars(long left, long right, long target, long bytes) {
        for (long i = 0; i < bytes; i += Float.BYTES) {
            ALL.set(ValueLayout.JAVA_FLOAT_UNALIGNED, target + i, get(left + i) + get(right + i));
        }
    }

    @Override
    public void fold(long target, long[] sources, int count, long elements) {
        long bytes = elements * Float.BYTES;
        long fullBytes = bytes - bytes % STEP_BYTES;
        for (long i = 0; i < fullBytes; i += STEP_BYTES) {
            foldVector(target, sources, count, i);
        }
        for (long i = fullBytes; i < bytes; i += Float.BYTES) {
            float sum = get(sources[0] + i);
            for (int source = 1; source < count; source++) {
                sum += get(sources[source] + i);
            }
            ALL.set(ValueLayout.JAVA_FLOAT_UNALIGNED, target + i, sum);
        }
        finish(target, elements, count);
    }

    @Override
    public void finish(long target, long elements, int members) {
        if (op == ReduceOp.MEAN) {
            long bytes = elements * Float.BYTES;
            long fullBytes = bytes - bytes % STEP_BYTES;
            divideVectors(target, fullBytes, members);
            for (long i = fullBytes; i < bytes; i += Float.BYTES) {
                ALL.set(ValueLayout.JAVA_FLOAT_UNALIGNED, target + i, get(target + i) / members);
            }
        }
    }

    private static void divideVectors(long target, long bytes, float divisor) {
        for (long i = 0; i < bytes; i += STEP_BYTES) {
            FloatVector.fromMemorySegment(SPECIES, ALL, target + i, ORDER)
                    .div(divisor)
                    .intoMemorySegment(ALL, target + i, ORDER);
        }
    }

    private static void foldVector(long target, long[] sources, int count, long at) {
        FloatVector sum = FloatVector.fromMemorySegment(SPECIES, ALL, sources[0] + at, ORDER);
        for (int source = 1; source < count; source++) {
            sum = sum.add(FloatVector.fromMemorySegment(SPECIES, ALL, sources[source] + at, ORDER));
        }
        sum.intoMemorySegment(ALL, target + at, ORDER);
    }

    private static float get(long address) {
        return ALL.get(ValueLayout.JAVA_FLOAT_UNALIGNED, address);
    }
}
