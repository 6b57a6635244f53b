package io.dunlin.collectives.wire;

import static io.dunlin.collectives.wire.RawMemory.ALL;

import io.dunlin.collectives.ReduceOp;
import io.dunlin.tensor.DType;
import java.lang.foreign.ValueLayout;

/** Any operation on floating-point elements, one by one: F64 in F64, F32 and BF16 in F32. */
final class WideReduction extends Reduction {
    private final DType dtype;
    private final ReduceOp op;

    WideReduction(DType dtype, ReduceOp op) {
        if (op == ReduceOp.OR) {
            throw new IllegalArgumentException("OR is for integers, not " + dtype);
        }
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
            double value = get(sources[0], i);
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

    /** In double, a sum of two floats rounded to float is the float sum. */
    private double combine(double a, double b) {
        double value =
                switch (op) {
                    case SUM, MEAN -> a + b;
                    case MAX -> Math.max(a, b);
                    case MIN -> Math.min(a, b);
                    case OR -> throw new AssertionError("excluded at construction");
                };
        return dtype == DType.F64 ? value : (float) value;
    }

    private double get(long base, long index) {
        return switch (dtype) {
            case F32 -> ALL.get(ValueLayout.JAVA_FLOAT_UNALIGNED, base + index * Float.BYTES);
            case BF16 -> BFloat16.widen(ALL.get(ValueLayout.JAVA_SHORT_UNALIGNED, base + index * Short.BYTES));
            default -> ALL.get(ValueLayout.JAVA_DOUBLE_UNALIGNED, base + index * Double.BYTES);
        };
    }

    private void put(long base, long index, double value) {
        switch (dtype) {
            case F32 -> ALL.set(ValueLayout.JAVA_FLOAT_UNALIGNED, base + index * Float.BYTES, (float) value);
            case BF16 ->
                ALL.set(ValueLayout.JAVA_SHORT_UNALIGNED, base + index * Short.BYTES, BFloat16.narrow((float) value));
            default -> ALL.set(ValueLayout.JAVA_DOUBLE_UNALIGNED, base + index * Double.BYTES, value);
        }
    }
}
