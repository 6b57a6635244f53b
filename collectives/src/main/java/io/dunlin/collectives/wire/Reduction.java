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
        if (op == ReduceOp.SUM && dtype == DType.F32) {
            return new FloatSum();
        }
        if (op == ReduceOp.SUM && dtype == DType.BF16) {
            return new BFloat16Sum();
        }
        return plain(dtype, op);
    }

    /** The plain twin of {@link #of}. */
    static Reduction plain(DType dtype, ReduceOp op) {
        return switch (dtype) {
            case F32, BF16, F64 -> new WideReduction(dtype, op);
            case I32 -> new IntReduction(op);
            case I8 -> throw new IllegalArgumentException("I8 cannot be combined: widen it first");
        };
    }

    /** target[i] = target[i] op source[i]. */
    public abstract void accumulate(long target, long source, long elements);

    /**
     * target[i] = sources[0][i] op ... op sources[count - 1][i], from the left, rounded once to the element type; target
     * may be one of the sources.
     *
     * @param count at least 1
     */
    public abstract void fold(long target, long[] sources, int count, long elements);
}
