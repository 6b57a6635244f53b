package io.dunlin.collectives.wire;

import static io.dunlin.collectives.wire.RawMemory.ALL;

import io.dunlin.collectives.ReduceOp;
import io.dunlin.tensor.DType;
import java.lang.foreign.ValueLayout;

/** Any operation on I32 and I8, one by one: in I32; sums wrap around. */
final class IntReduction extends Reduction {
    private final DType dtype;
    private final ReduceOp op;

    IntReduction(DType dtype, ReduceOp op) {
        this.dtype = dtype;
        this.op = op;
    }

    @Override
    public void combine(long left, long right, long target, long elements) {
        for (long i = 0; i < elements; i++) {
            put(target, i, combine(get(left, i), get(right, i)));
        }
    }

    @Override
    public void fold(long target, long[] sources, int count, long elements) {
        for (long i = 0; i < elements; i++) {
            int value = get(sources[0], i);
            for (int source = 1; source < count; source++) {
                value = combine(value, get(sources[source], i));
            }
            put(target, i, op == ReduceOp.MEAN ? value / count : value);
        }
    }

    @Override
    public void finish(long target, long elements, int members) {
        if (op == ReduceOp.MEAN) {
            for (long i = 0; i < elements; i++) {
                put(target, i, get(target, i) / members);
            }
        }
    }

    private int combine(int a, int b) {
        return switch (op) {
            case SUM, MEAN -> a + b;
            case MAX -> Math.max(a, b);
            case MIN -> Math.min(a, b);
            case OR -> a | b;
        };
    }

    private int get(long base, long index) {
        return dtype == DType.I8
                ? ALL.get(ValueLayout.JAVA_BYTE, base + index)
                : ALL.get(ValueLayout.JAVA_INT_UNALIGNED, base + index * Integer.BYTES);
    }

    private void put(long base, long index, int value) {
        if (dtype == DType.I8) {
            ALL.set(ValueLayout.JAVA_BYTE, base + index, (byte) value);
        } else {
            ALL.set(ValueLayout.JAVA_INT_UNALIGNED, base + index * Integer.BYTES, value);
        }
    }
}
