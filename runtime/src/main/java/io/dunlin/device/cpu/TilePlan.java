package io.dunlin.device.cpu;

import io.dunlin.device.cpu.ProductShape.Addend;
import io.dunlin.device.cpu.ProductShape.Bias;
import io.dunlin.device.cpu.ProductShape.Packing;
import io.dunlin.device.cpu.ProductShape.Strides;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Tensor;

/**
 * How one product of a linear layer is cut: tiles of the result, and parts of the inner dimension that one thread adds
 * up in order. The choice depends on shapes and types alone.
 *
 * @param kind which of the three products
 * @param likeA a tensor of the shape, strides and type of the first operand
 * @param likeB the same for the second operand
 * @param likeC the same for the result
 * @param bias whether a vector is added to every row
 * @param addend what is added to the product
 * @param rows of a tile
 * @param columns of a tile
 */
record TilePlan(Kind kind, Tensor likeA, Tensor likeB, Tensor likeC, Bias bias, Addend addend, int rows, int columns) {
    /** Which of the three products of a linear layer; says which operands are transposed. */
    enum Kind {
        /** y = x * w^T. */
        FORWARD,
        /** dx = dy * w. */
        INPUT_GRADIENT,
        /** dw = dy^T * x. */
        WEIGHT_GRADIENT
    }

    private static final int COLUMNS = 128;
    private static final int MIN_ROWS = 64;
    private static final int MIN_COLUMNS = 64;

    /** Where a is transposed, each tile does that for its rows: wide tiles do it less often, thin ones do it slowly. */
    private static final int TRANSPOSED_COLUMNS = 768;

    private static final int TRANSPOSED_ROWS = 256;
    private static final int MIN_TRANSPOSED_ROWS = 128;
    private static final int ENOUGH_TILES = 16;
    private static final int PAGE_BYTES = 4096;
    /** Bytes of a column of b beyond which it is worth while to sum over parts of it. */
    private static final int MAX_DEPTH_BYTES = 8192;

    private static final int PART_DEPTH_BYTES = 4096;

    /**
     * Plans for operands like these.
     *
     * @param tallest rows of a tile where there is no lack of tiles
     */
    static TilePlan of(Kind kind, Tensor a, Tensor b, Tensor c, Bias bias, Addend addend, int tallest) {
        boolean transposed = kind == Kind.WEIGHT_GRADIENT;
        int rows = transposed ? TRANSPOSED_ROWS : tallest;
        int columns = transposed ? TRANSPOSED_COLUMNS : COLUMNS;
        if (transposed && tiles(c, rows, columns) < ENOUGH_TILES) {
            rows = MIN_TRANSPOSED_ROWS;
        }
        while (tiles(c, rows, columns) < ENOUGH_TILES && columns > MIN_COLUMNS) {
            columns /= 2;
        }
        while (tiles(c, rows, columns) < ENOUGH_TILES && rows > MIN_ROWS) {
            rows /= 2;
        }
        return new TilePlan(kind, a, b, c, bias, addend, rows, columns);
    }

    private static long tiles(Tensor c, int rows, int columns) {
        return (long) Tiling.ceilDiv(c.rows(), rows) * Tiling.ceilDiv(c.columns(), columns);
    }

    boolean fits(Kind ofKind, Tensor a, Tensor b, Tensor c, Bias withBias, Addend withAddend) {
        return kind == ofKind
                && bias == withBias
                && addend == withAddend
                && alike(likeA, a)
                && alike(likeB, b)
                && alike(likeC, c);
    }

    private static boolean alike(Tensor one, Tensor other) {
        return one.rows() == other.rows()
                && one.columns() == other.columns()
                && one.rowStride() == other.rowStride()
                && one.dtype() == other.dtype();
    }

    /** The inner dimension. */
    long depth() {
        return kind == Kind.WEIGHT_GRADIENT ? likeA.rows() : likeA.columns();
    }

    int rowTiles() {
        return Tiling.ceilDiv(likeC.rows(), rows);
    }

    int columnTiles() {
        return Tiling.ceilDiv(likeC.columns(), columns);
    }

    /** Rows of tile row {@code i}. */
    int rowsOf(int i) {
        return (int) Math.min(rows, likeC.rows() - (long) i * rows);
    }

    /** Columns of tile column {@code j}. */
    int columnsOf(int j) {
        return (int) Math.min(columns, likeC.columns() - (long) j * columns);
    }

    /** Depth of a part of the inner dimension; the last part may have less. */
    int partDepth() {
        int bytes = likeB.dtype().bytes();
        boolean deep = kind == Kind.INPUT_GRADIENT && depth() * bytes > MAX_DEPTH_BYTES;
        return deep ? PART_DEPTH_BYTES / bytes : Math.toIntExact(depth());
    }

    int parts() {
        return depth() == 0 ? 0 : Tiling.ceilDiv(depth(), partDepth());
    }

    /** Depth of part {@code p}. */
    int depthOf(int p) {
        return (int) Math.min(partDepth(), depth() - (long) p * partDepth());
    }

    /** Whether parts are added up in F32 memory of their own, because the result is narrower. */
    boolean sumsApart() {
        return parts() > 1 && likeC.dtype() != DType.F32;
    }

    /**
     * Packing b once for all tiles pays for weight gradients in BF16, and in F32 where rows of b lie a multiple of a
     * page apart, so that they would compete for the same cache sets.
     */
    Packing packing() {
        boolean aliased = likeB.rowStride() * likeB.dtype().bytes() % PAGE_BYTES == 0;
        boolean worthwhile =
                switch (kind) {
                    case FORWARD -> false;
                    case INPUT_GRADIENT -> aliased && likeB.dtype() == DType.F32;
                    case WEIGHT_GRADIENT -> aliased || likeB.dtype() == DType.BF16;
                };
        return worthwhile && rowTiles() > 1 ? Packing.PACKED : Packing.AS_STORED;
    }

    /** The product of a tile of this size over one part of the inner dimension. */
    ProductShape product(int height, int width, int part) {
        Addend adds = part > 0 ? Addend.RESULT : sumsApart() ? Addend.NOTHING : addend;
        return new ProductShape(
                height,
                width,
                depthOf(part),
                strides(likeA, kind == Kind.WEIGHT_GRADIENT),
                strides(likeB, kind == Kind.FORWARD),
                sumsApart() ? columns : likeC.rowStride(),
                likeA.dtype(),
                sumsApart() ? DType.F32 : likeC.dtype(),
                bias,
                adds,
                packing());
    }

    private static Strides strides(Tensor tensor, boolean transposed) {
        return transposed ? Strides.transposed(tensor.rowStride()) : Strides.plain(tensor.rowStride());
    }

    /** Bytes from the start of a to rows {@code row} of its tile, part {@code p}. */
    long offsetA(long row, int p) {
        long depth = (long) p * partDepth();
        long elements =
                kind == Kind.WEIGHT_GRADIENT ? depth * likeA.rowStride() + row : row * likeA.rowStride() + depth;
        return elements * likeA.dtype().bytes();
    }

    /** Bytes from the start of b to columns {@code column} of its tile, part {@code p}. */
    long offsetB(long column, int p) {
        long depth = (long) p * partDepth();
        long elements = kind == Kind.FORWARD ? column * likeB.rowStride() + depth : depth * likeB.rowStride() + column;
        return elements * likeB.dtype().bytes();
    }

    /** Bytes from the start of c to an element. */
    long offsetC(long row, long column) {
        return (row * likeC.rowStride() + column) * likeC.dtype().bytes();
    }
}
