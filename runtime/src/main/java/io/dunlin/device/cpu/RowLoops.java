package io.dunlin.device.cpu;

import static io.dunlin.device.cpu.Lanes.F;
import static io.dunlin.device.cpu.Lanes.W;
import static io.dunlin.device.cpu.Lanes.load;
import static io.dunlin.device.cpu.Lanes.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** Loops over single rows of floats: conversions, copies, sums of two rows. */
final class RowLoops {
    private RowLoops() {}

    /** Widens {@code count} BF16 to F32. */
    static void widen(long from, long to, int count) {
        int i = 0;
        for (int bound = F.loopBound(count); i < bound; i += W) {
            store(Lanes.widened(from + 2L * i), to + 4L * i);
        }
        for (; i < count; i++) {
            Memory.f32(to + 4L * i, Memory.bf16(from + 2L * i));
        }
    }

    /** Rounds {@code count} F32 to BF16. */
    static void narrow(long from, long to, int count) {
        int i = 0;
        for (int bound = F.loopBound(count); i < bound; i += W) {
            Lanes.storeNarrow(load(from + 4L * i), to + 2L * i);
        }
        for (; i < count; i++) {
            Memory.bf16(to + 2L * i, Memory.f32(from + 4L * i));
        }
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
     * The largest of {@code count} floats; negative infinity if there are none. A NaN among them may be passed over.
     *
     * <p>Compares as integers whose order is that of the floats: {@code FloatVector.max} has three times the latency.
     */
    static float max(long x, int count) {
        IntVector max = IntVector.broadcast(Lanes.I, Integer.MIN_VALUE);
        int i = 0;
        for (int bound = F.loopBound(count); i < bound; i += W) {
            max = max.max(Lanes.ordered(load(x + 4L * i)));
        }
        int largest = max.reduceLanes(VectorOperators.MAX);
        float result = i == 0
                ? Float.NEGATIVE_INFINITY
                : Float.intBitsToFloat(largest ^ ((largest >> 31) & Lanes.ALL_BUT_SIGN));
        for (; i < count; i++) {
            float next = Memory.f32(x + 4L * i);
            result = next > result ? next : result;
        }
        return result;
    }

    /** y = a + b. */
    static void add(long a, long b, long y, int count) {
        int i = 0;
        for (int bound = F.loopBound(count); i < bound; i += W) {
            FloatVector sum = load(a + 4L * i).add(load(b + 4L * i));
            store(sum, y + 4L * i);
        }
        if (i < count) {
            VectorMask<Float> rest = Lanes.first(count - i);
            store(load(a + 4L * i, rest).add(load(b + 4L * i, rest)), y + 4L * i, rest);
        }
    }

    /** x becomes x * factor. */
    static void scale(long x, float factor, int count) {
        int i = 0;
        for (int bound = F.loopBound(count); i < bound; i += W) {
            store(load(x + 4L * i).mul(factor), x + 4L * i);
        }
        for (; i < count; i++) {
            Memory.f32(x + 4L * i, Memory.f32(x + 4L * i) * factor);
        }
    }

    /** Whether none of {@code rows} times {@code count} F32 is NaN or infinite: those times zero are not zero. */
    static boolean finite(long x, long strideBytes, int rows, int count) {
        FloatVector zeros = FloatVector.zero(F);
        float zero = 0;
        for (int row = 0; row < rows; row++) {
            long here = x + row * strideBytes;
            int i = 0;
            for (int bound = F.loopBound(count); i < bound; i += W) {
                zeros = zeros.add(load(here + 4L * i).mul(0));
            }
            for (; i < count; i++) {
                zero += Memory.f32(here + 4L * i) * 0;
            }
        }
        return zero + Lanes.sum(zeros) == 0;
    }

    /** As {@link #finite}, of BF16. */
    static boolean finiteNarrow(long x, long strideBytes, int rows, int count) {
        FloatVector zeros = FloatVector.zero(F);
        float zero = 0;
        for (int row = 0; row < rows; row++) {
            long here = x + row * strideBytes;
            int i = 0;
            for (int bound = F.loopBound(count); i < bound; i += W) {
                zeros = zeros.add(Lanes.widened(here + 2L * i).mul(0));
            }
            for (; i < count; i++) {
                zero += Memory.bf16(here + 2L * i) * 0;
            }
        }
        return zero + Lanes.sum(zeros) == 0;
    }

    /** Sets {@code count} BF16 to zero. */
    static void clearNarrow(long to, int count) {
        int i = 0;
        for (int bound = F.loopBound(count); i < bound; i += W) {
            Lanes.storeNarrow(FloatVector.zero(F), to + 2L * i);
        }
        for (; i < count; i++) {
            Memory.bf16(to + 2L * i, 0);
        }
    }
}
