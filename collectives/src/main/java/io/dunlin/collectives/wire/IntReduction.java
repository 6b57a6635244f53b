package io.dunlin.collectives.wire;

import static io.dunlin.collectives.wire.RawMemory.ALL;

import io.dunlin.collectives.ReduceOp;
import java.lang.foreign.ValueLayout;

/** Any operation on I32; sums wrap around. */
final class IntReduction extends Reduction {
    private final ReduceOp op;

    IntReduction(ReduceOp op) {
        this.op = op;
    }

    @Override
    public void accumulate(long target, long source, long elements) {
        for (long i = 0; i < elements; i++) {
            put(target, i, combine(get(target, i), get(source, i)));
        }
    }

    @Override
    public void fold(long target, long[] sources, int count, long elements) {
        for (long i = 0; i < elements; i++) {
            int value = get(sources[0], i);
            for (int source = 1; source < count; source++) {
                value = combine(value, get(sources[source], i));
            }
            put(target, i, value);
        }
    }

    private int combine(int a, int b) {
        return switch (op) {
            case SUM -> a + b;
            case MAX -> Math.max(a, b);
            case MIN -> Math.min(a, b);
            case OR -> a | b;
        };
    }

    private static int get(long base, long index) {
        return ALL.get(ValueLayout.JAVA_INT_UNALIGNED, base + index * Integer.BYTES);
    }

    private static void put(long base, long index, int value) {
        ALL.set(ValueLayout.JAVA_INT_UNALIGNED, base + index * Integer.BYTES, value);
    }
}
