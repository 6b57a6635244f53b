package io.dunlin.collectives.wire;

import static io.dunlin.collectives.wire.RawMemory.ALL;

import io.dunlin.collectives.ReduceOp;
import java.lang.foreign.ValueLayout;

/** Sums and means of F32 in F32. */
public final class FloatSum extends Reduction {
    private static final int STEP_BYTES = SumLoops.STEP_BYTES;

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
        SumLoops.add(left, right, target, fullBytes);
        addScalars(left + fullBytes, right + fullBytes, target + fullBytes, bytes - fullBytes);
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
        SumLoops.fold(target, sources, count, fullBytes);
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
            SumLoops.divide(target, fullBytes, members);
            for (long i = fullBytes; i < bytes; i += Float.BYTES) {
                ALL.set(ValueLayout.JAVA_FLOAT_UNALIGNED, target + i, get(target + i) / members);
            }
        }
    }

    private static float get(long address) {
        return ALL.get(ValueLayout.JAVA_FLOAT_UNALIGNED, address);
    }
}
