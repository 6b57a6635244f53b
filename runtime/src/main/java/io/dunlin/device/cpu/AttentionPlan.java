package io.dunlin.device.cpu;

import io.dunlin.device.AttentionShape;
import io.dunlin.device.cpu.ProductShape.Addend;
import io.dunlin.device.cpu.ProductShape.Bias;
import io.dunlin.device.cpu.ProductShape.Packing;
import io.dunlin.device.cpu.ProductShape.Strides;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Tensor;
import java.util.stream.IntStream;

/**
 * How one attention is cut into blocks of queries and blocks of keys, with the product of every pair of blocks. Pairs
 * above the diagonal do not appear; the pair on the diagonal is as wide as its last query sees.
 *
 * @param shape extents
 * @param type of q, k, v and their gradients
 * @param keyBlock keys of a block
 * @param queries row stride of q
 * @param keys row stride of k
 * @param values row stride of v
 * @param gradients row stride of dout; 0 in the forward pass
 */
record AttentionPlan(
        AttentionShape shape, DType type, int keyBlock, long queries, long keys, long values, long gradients) {
    /** Queries of a block. */
    static final int QUERY_BLOCK = 64;
    /** Elements between the rows of a block of scores beyond its width, so that rows do not share cache sets. */
    private static final int PADDING = 16;

    /** The products of one pair of blocks. */
    enum Role {
        /** scores = q * k^T. */
        SCORES,
        /** out = p * v, the first block of keys. */
        OUT,
        /** out += p * v. */
        OUT_MORE,
        /** dp = dout * v^T. */
        DP,
        /** dv += p^T * dout. */
        DV,
        /** dk += ds^T * q. */
        DK,
        /** dq = ds * k, the first block of keys. */
        DQ,
        /** dq += ds * k. */
        DQ_MORE
    }

    /** Elements from one row of a block of scores to the next. */
    int scoreStride() {
        return Math.min(keyBlock, shape.time()) + PADDING;
    }

    int queryBlocks() {
        return Tiling.ceilDiv(shape.time(), QUERY_BLOCK);
    }

    /** Queries in block {@code i}. */
    int queriesOf(int i) {
        return Math.min(QUERY_BLOCK, shape.time() - i * QUERY_BLOCK);
    }

    /** Blocks of keys that queries of block {@code i} see. */
    int keyBlocks(int i) {
        return Tiling.ceilDiv(i * QUERY_BLOCK + queriesOf(i), keyBlock);
    }

    /** Keys in block {@code j} that queries of block {@code i} see. */
    int keysOf(int i, int j) {
        return Math.min(keyBlock, i * QUERY_BLOCK + queriesOf(i) - j * keyBlock);
    }

    /** Takes the place of the products of the last block of keys of queries {@code i}, where not all is finite. */
    MaskedProducts masked(int i) {
        int j = keyBlocks(i) - 1;
        return new MaskedProducts(type, scoreStride(), queriesOf(i), keysOf(i, j), i * QUERY_BLOCK - j * keyBlock);
    }

    boolean fits(AttentionShape other, int block, Tensor q, Tensor k, Tensor v, Tensor dout) {
        return shape.equals(other)
                && keyBlock == block
                && type == q.dtype()
                && queries == q.rowStride()
                && keys == k.rowStride()
                && values == v.rowStride()
                && gradients == dout.rowStride();
    }

    static AttentionPlan of(AttentionShape shape, int block, Tensor q, Tensor k, Tensor v, Tensor dout) {
        return new AttentionPlan(
                shape, q.dtype(), block, q.rowStride(), k.rowStride(), v.rowStride(), dout.rowStride());
    }

    /** The products of one role, by block of queries and block of keys. */
    Product[][] products(Role role, ProductEngine engine) {
        return IntStream.range(0, queryBlocks())
                .mapToObj(i -> IntStream.range(0, keyBlocks(i))
                        .mapToObj(j -> engine.product(product(role, queriesOf(i), keysOf(i, j))))
                        .toArray(Product[]::new))
                .toArray(Product[][]::new);
    }

    private ProductShape product(Role role, int rows, int columns) {
        Strides block = Strides.plain(scoreStride());
        Strides turned = Strides.transposed(scoreStride());
        return switch (role) {
            case SCORES -> scores(rows, columns, queries, keys);
            case DP -> scores(rows, columns, gradients, values);
            case OUT -> wide(rows, columns, block, values, Addend.NOTHING);
            case OUT_MORE -> wide(rows, columns, block, values, Addend.RESULT);
            case DQ -> wide(rows, columns, block, keys, Addend.NOTHING);
            case DQ_MORE -> wide(rows, columns, block, keys, Addend.RESULT);
            case DV -> wide(columns, rows, turned, gradients, Addend.RESULT);
            case DK -> wide(columns, rows, turned, queries, Addend.RESULT);
        };
    }

    /** [rows, columns] F32, summed over the head's width. */
    private ProductShape scores(int rows, int columns, long rowStrideA, long rowStrideB) {
        return new ProductShape(
                rows,
                columns,
                shape.headWidth(),
                Strides.plain(rowStrideA),
                Strides.transposed(rowStrideB),
                scoreStride(),
                type,
                DType.F32,
                Bias.NONE,
                Addend.NOTHING,
                Packing.AS_STORED);
    }

    /** [rows, head width] F32, summed over {@code depth} positions. */
    private ProductShape wide(int rows, int depth, Strides a, long rowStrideB, Addend addend) {
        return new ProductShape(
                rows,
                shape.headWidth(),
                depth,
                a,
                Strides.plain(rowStrideB),
                shape.headWidth(),
                type,
                DType.F32,
                Bias.NONE,
                addend,
                Packing.AS_STORED);
    }
}
