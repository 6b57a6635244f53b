package io.dunlin.collectives.wire;

import io.dunlin.collectives.ReduceOp;
import io.dunlin.tensor.DType;

/**
 * Combines elements of one type by one operation, always in the order in which the operands are given.
 *
 * <p>{@link FloatSum} and {@link BFloat16Sum} are fast; {@link WideReduction} and {@link IntReduction} are plain loops for
 * everything else, and the specification of the fast ones.
 */
public abstract sealed class Reduction permits FloatSum, BFloat16Sum, WideReduction, IntReduction {
    /** The reduction for a type and an operation; throws where the contract has none. */
    public static Reduction of(DType dtype, ReduceOp op) {
        boolean summed = op == ReduceOp.SUM || op == ReduceOp.MEAN;
        if (summed && dtype == DType.F32) {
            return new FloatSum(op);
        }
        if (summed && dtype == DType.BF16) {
            return new BFloat16Sum(op);
        }
        return plain(dtype, op);
    }

    /** The plain twin of {@link #of}. */
    static Reduction plain(DType dtype, ReduceOp op) {
        return switch (dtype) {
            case F32, BF16, F64 -> new WideReduction(dtype, op);
            case I32, I8 -> new IntReduction(dtype, op);
        };
    }

    /** target[i] = left[i] op right[i]; target may be either. A mean is only summed here: see {@link #finish}. */
    public abstract void combine(long left, long right, long target, long elements);

    /**
     * target[i] = sources[0][i] op ... op sources[count - 1][i], from the left, rounded once to the element type; target
     * may be one of the sources. A mean is divided by {@code count}.
     *
     * @param count at least 1
     */
    public abstract void fold(long target, long[] sources, int count, long elements);

    /** What is left to do with values that {@link #combine} made of {@code members} contributions: the division of a mean. */
    public void finish(long target, long elements, int members) {}
}
