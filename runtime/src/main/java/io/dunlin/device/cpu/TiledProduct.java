package io.dunlin.device.cpu;

import io.dunlin.device.cpu.ProductShape.Addend;
import io.dunlin.device.cpu.ProductShape.Bias;
import io.dunlin.device.cpu.ProductShape.Packing;
import io.dunlin.device.cpu.ProductShape.Strides;
import io.dunlin.tensor.Tensor;

/**
 * One product of given shapes, cut into tiles of the result; the inner dimension is never cut, so every element is
 * summed by one thread.
 *
 * <p>Where several tiles share columns of b, these are packed once, a group of columns at a time: first all workers
 * pack, then all multiply. A group bounds the memory, and stays in the last-level cache.
 */
final class TiledProduct implements Team.Job {
    /** Which of the three products of a linear layer; says which operands are transposed. */
    enum Kind {
        /** y = x * w^T. */
        FORWARD,
        /** dx = dy * w. */
        INPUT_GRADIENT,
        /** dw = dy^T * x. */
        WEIGHT_GRADIENT
    }

    private static final int TILE_ROWS = 256;
    private static final int TILE_COLUMNS = 192;
    /** Where a is transposed, each tile does that for its rows: wide tiles do it less often. */
    private static final int WIDE_TILE_COLUMNS = 768;

    private static final int MIN_TILE_ROWS = 64;
    private static final int MIN_TILE_COLUMNS = 96;
    private static final int ENOUGH_TILES = 16;
    private static final int TILES_WORTH_PACKING = 2;
    private static final long GROUP_BYTES = 8L << 20;

    private final Team team;
    private final Scratch scratch;
    private final Kind kind;
    private final Tensor likeA;
    private final Tensor likeB;
    private final Tensor likeC;
    private final Bias bias;
    private final Addend addend;
    private final long m;
    private final long n;
    private final long k;
    private final int tileRows;
    private final int tileColumns;
    private final int rowTiles;
    private final int columnTiles;
    private final Packing packing;
    private final PackColumns packColumns = new PackColumns();
    /** By position: inner, last row, last column, last of both. */
    private final Product[] products = new Product[4];

    private long packedBytes;
    private int groupTiles;
    private int firstColumnTile;
    private long a;
    private long b;
    private long c;
    private long biases;
    private long other;

    /** Plans for operands like these. */
    TiledProduct(
            Team team, Scratch scratch, Kind kind, Tensor a, Tensor b, Tensor c, Bias bias, Addend addend) {
        this.team = team;
        this.scratch = scratch;
        this.kind = kind;
        this.likeA = a;
        this.likeB = b;
        this.likeC = c;
        this.bias = bias;
        this.addend = addend;
        m = c.rows();
        n = c.columns();
        k = kind == Kind.WEIGHT_GRADIENT ? a.rows() : a.columns();
        int rows = TILE_ROWS;
        int columns = kind == Kind.WEIGHT_GRADIENT ? WIDE_TILE_COLUMNS : TILE_COLUMNS;
        while (tiles(rows, columns) < ENOUGH_TILES && (rows > MIN_TILE_ROWS || columns > MIN_TILE_COLUMNS)) {
            if (rows > MIN_TILE_ROWS) {
                rows /= 2;
            } else {
                columns /= 2;
            }
        }
        tileRows = rows;
        tileColumns = columns;
        rowTiles = Tiling.ceilDiv(m, tileRows);
        columnTiles = Tiling.ceilDiv(n, tileColumns);
        packing = rowTiles >= TILES_WORTH_PACKING ? Packing.PACKED : Packing.AS_STORED;
    }

    private long tiles(int rows, int columns) {
        return (long) Tiling.ceilDiv(m, rows) * Tiling.ceilDiv(n, columns);
    }

    /** Makes the products of inner tiles and of tiles at the edges. */
    void prepare(ProductEngine engine) {
        for (int i = 0; i < products.length; i++) {
            int height = (i & 1) == 0 ? (int) Math.min(m, tileRows) : lastExtent(m, tileRows);
            int width = (i & 2) == 0 ? (int) Math.min(n, tileColumns) : lastExtent(n, tileColumns);
            if (height > 0 && width > 0 && k > 0) {
                products[i] = engine.product(shape(height, width));
                packedBytes = Math.max(packedBytes, (products[i].packedBytes() + 63) & -64);
            }
        }
        groupTiles = packing == Packing.AS_STORED || packedBytes == 0
                ? columnTiles
                : (int) Math.clamp(GROUP_BYTES / packedBytes, 1, columnTiles);
    }

    private static int lastExtent(long total, int tile) {
        return total == 0 ? 0 : (int) ((total - 1) % tile) + 1;
    }

    private ProductShape shape(int height, int width) {
        return new ProductShape(
                height,
                width,
                Math.toIntExact(k),
                strides(likeA, kind == Kind.WEIGHT_GRADIENT),
                strides(likeB, kind == Kind.FORWARD),
                likeC.rowStride(),
                likeA.dtype(),
                likeC.dtype(),
                bias,
                addend,
                packing);
    }

    private static Strides strides(Tensor tensor, boolean transposed) {
        return transposed ? Strides.transposed(tensor.rowStride()) : Strides.plain(tensor.rowStride());
    }

    boolean fits(Kind ofKind, Tensor ofA, Tensor ofB, Tensor ofC, Bias withBias, Addend withAddend) {
        return kind == ofKind
                && bias == withBias
                && addend == withAddend
                && alike(likeA, ofA)
                && alike(likeB, ofB)
                && alike(likeC, ofC);
    }

    private static boolean alike(Tensor one, Tensor other) {
        return one.rows() == other.rows()
                && one.columns() == other.columns()
                && one.rowStride() == other.rowStride()
                && one.dtype() == other.dtype();
    }

    /** Multiplies operands at these addresses. */
    void run(long ofA, long ofB, long ofC, long ofBias, long ofOther) {
        a = ofA;
        b = ofB;
        c = ofC;
        biases = ofBias;
        other = ofOther;
        if (packing == Packing.PACKED) {
            scratch.ensureShared(groupTiles * packedBytes);
        }
        for (firstColumnTile = 0; firstColumnTile < columnTiles; firstColumnTile += groupTiles) {
            int columns = Math.min(groupTiles, columnTiles - firstColumnTile);
            if (packing == Packing.PACKED && k > 0) {
                team.run(packColumns, columns);
            }
            team.run(this, rowTiles * columns);
        }
    }

    /** Tiles that follow each other share their columns of b. */
    @Override
    public void tile(int tile, int worker) {
        int i = tile % rowTiles;
        int j = firstColumnTile + tile / rowTiles;
        long row = (long) i * tileRows;
        long column = (long) j * tileColumns;
        int bytes = likeA.dtype().bytes();
        long fromA = kind == Kind.WEIGHT_GRADIENT ? row : row * likeA.rowStride();
        long offset = (row * likeC.rowStride() + column) * likeC.dtype().bytes();
        if (k > 0) {
            product(i, j)
                    .run(
                            worker,
                            a + fromA * bytes,
                            packing == Packing.PACKED ? packed(j) : stored(j),
                            c + offset,
                            biases + column * bytes,
                            other + offset);
        } else {
            clear(row, column, c + offset);
        }
    }

    private Product product(int i, int j) {
        return products[(i == rowTiles - 1 ? 1 : 0) + (j == columnTiles - 1 ? 2 : 0)];
    }

    /** Address of column tile {@code j} of b as stored. */
    private long stored(int j) {
        long column = (long) j * tileColumns;
        return b + (kind == Kind.FORWARD ? column * likeB.rowStride() : column) * likeB.dtype().bytes();
    }

    private long packed(int j) {
        return scratch.shared() + (j - firstColumnTile) * packedBytes;
    }

    /** A sum of nothing. */
    private void clear(long row, long column, long at) {
        if (addend == Addend.RESULT) {
            return;
        }
        if (kind != Kind.WEIGHT_GRADIENT) {
            throw new IllegalArgumentException("a linear layer without inputs");
        }
        for (long i = row; i < Math.min(m, row + tileRows); i++) {
            int count = (int) Math.min(tileColumns, n - column);
            RowLoops.fill(at + (i - row) * likeC.rowStride() * Float.BYTES, 0, count);
        }
    }

    /** Packs one column tile of the current group. */
    private final class PackColumns implements Team.Job {
        @Override
        public void tile(int tile, int worker) {
            int j = firstColumnTile + tile;
            product(0, j).pack(worker, stored(j), packed(j));
        }
    }
}
