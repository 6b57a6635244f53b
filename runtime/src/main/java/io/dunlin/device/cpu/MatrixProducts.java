package io.dunlin.device.cpu;

import io.dunlin.device.cpu.ProductShape.Addend;
import io.dunlin.device.cpu.ProductShape.Bias;
import io.dunlin.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * The products of linear layers, cut into tiles of the result; the inner dimension is never cut, so every element is
 * summed by one thread.
 */
final class MatrixProducts {
    /** Which of the three products of a linear layer; says which operands are transposed. */
    private enum Kind {
        /** y = x * w^T. */
        FORWARD,
        /** dx = dy * w. */
        INPUT_GRADIENT,
        /** dw = dy^T * x. */
        WEIGHT_GRADIENT
    }

    private final Team team;
    private final ProductEngine engine;
    private final Scratch scratch;
    private final List<TiledProduct> planned = new ArrayList<>();
    private final Reductions.ColumnSums columnSums;

    MatrixProducts(Team team, ProductEngine engine, Scratch scratch) {
        this.team = team;
        this.engine = engine;
        this.scratch = scratch;
        this.columnSums = new Reductions.ColumnSums(team, scratch);
    }

    void linear(Tensor x, Tensor w, Tensor bias, Tensor residual, Tensor y) {
        Bias withBias = bias.present() ? Bias.EVERY_ROW : Bias.NONE;
        Addend addend = !residual.present()
                ? Addend.NOTHING
                : residual.address() == y.address() ? Addend.RESULT : Addend.OTHER;
        if (addend == Addend.OTHER && residual.rowStride() != y.rowStride()) {
            throw new IllegalArgumentException("residual and result must have the same row stride, got %d and %d"
                    .formatted(residual.rowStride(), y.rowStride()));
        }
        plan(Kind.FORWARD, x, w, y, withBias, addend)
                .run(x.address(), w.address(), y.address(), bias.address(), residual.address());
    }

    void backwardInput(Tensor dy, Tensor w, Tensor dx, float beta) {
        plan(Kind.INPUT_GRADIENT, dy, w, dx, Bias.NONE, addend(beta)).run(dy.address(), w.address(), dx.address(), 0, 0);
    }

    void backwardWeight(Tensor dy, Tensor x, Tensor dw, Tensor db, float beta) {
        plan(Kind.WEIGHT_GRADIENT, dy, x, dw, Bias.NONE, addend(beta)).run(dy.address(), x.address(), dw.address(), 0, 0);
        if (db.present()) {
            columnSums.run(dy, db, beta);
        }
    }

    private static Addend addend(float beta) {
        return beta == 0 ? Addend.NOTHING : Addend.RESULT;
    }

    /** The plan for operands of these shapes; a model has a few dozen of them, so they are looked up one by one. */
    private TiledProduct plan(Kind kind, Tensor a, Tensor b, Tensor c, Bias bias, Addend addend) {
        for (int i = 0; i < planned.size(); i++) {
            if (planned.get(i).fits(kind, a, b, c, bias, addend)) {
                return planned.get(i);
            }
        }
        TiledProduct product = new TiledProduct(kind, a, b, c, bias, addend);
        planned.add(product);
        return product;
    }

    /** One product of given shapes: its tiles, and the operands of the call in progress. */
    private final class TiledProduct implements Team.Job {
        private static final int TILE_ROWS = 256;
        private static final int TILE_COLUMNS = 384;
        private static final int MIN_TILE_ROWS = 128;
        private static final int MIN_TILE_COLUMNS = 96;
        private static final int ENOUGH_TILES = 16;

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
        /** By position: inner, last row, last column, last of both. */
        private final Product[] products = new Product[4];

        private long a;
        private long b;
        private long c;
        private long biases;
        private long other;

        TiledProduct(Kind kind, Tensor a, Tensor b, Tensor c, Bias bias, Addend addend) {
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
            int columns = TILE_COLUMNS;
            while (tiles(rows, columns) < ENOUGH_TILES && (rows > MIN_TILE_ROWS || columns > MIN_TILE_COLUMNS)) {
                if (columns > rows || rows == MIN_TILE_ROWS) {
                    columns /= 2;
                } else {
                    rows /= 2;
                }
            }
            tileRows = rows;
            tileColumns = columns;
            rowTiles = Tiling.ceilDiv(m, tileRows);
            columnTiles = Tiling.ceilDiv(n, tileColumns);
            for (int i = 0; i < products.length; i++) {
                int height = (i & 1) == 0 ? (int) Math.min(m, tileRows) : lastExtent(m, tileRows);
                int width = (i & 2) == 0 ? (int) Math.min(n, tileColumns) : lastExtent(n, tileColumns);
                if (height > 0 && width > 0 && k > 0) {
                    products[i] = engine.product(shape(height, width));
                }
            }
        }

        private long tiles(int rows, int columns) {
            return (long) Tiling.ceilDiv(m, rows) * Tiling.ceilDiv(n, columns);
        }

        private static int lastExtent(long total, int tile) {
            return total == 0 ? 0 : (int) ((total - 1) % tile) + 1;
        }

        private ProductShape shape(int height, int width) {
            ProductShape.Strides ofA = kind == Kind.WEIGHT_GRADIENT
                    ? ProductShape.Strides.transposed(likeA.rowStride())
                    : ProductShape.Strides.plain(likeA.rowStride());
            ProductShape.Strides ofB = kind == Kind.FORWARD
                    ? ProductShape.Strides.transposed(likeB.rowStride())
                    : ProductShape.Strides.plain(likeB.rowStride());
            return new ProductShape(
                    height,
                    width,
                    Math.toIntExact(k),
                    ofA,
                    ofB,
                    likeC.rowStride(),
                    likeA.dtype(),
                    likeC.dtype(),
                    bias,
                    addend);
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

        void run(long ofA, long ofB, long ofC, long ofBias, long ofOther) {
            a = ofA;
            b = ofB;
            c = ofC;
            biases = ofBias;
            other = ofOther;
            team.run(this, rowTiles * columnTiles);
        }

        /** Tiles that follow each other share their columns of b. */
        @Override
        public void tile(int tile, int worker) {
            int i = tile % rowTiles;
            int j = tile / rowTiles;
            long row = (long) i * tileRows;
            long column = (long) j * tileColumns;
            int bytes = likeA.dtype().bytes();
            long fromA = kind == Kind.WEIGHT_GRADIENT ? row : row * likeA.rowStride();
            long fromB = kind == Kind.FORWARD ? column * likeB.rowStride() : column;
            long offset = (row * likeC.rowStride() + column) * likeC.dtype().bytes();
            int position = (i == rowTiles - 1 ? 1 : 0) + (j == columnTiles - 1 ? 2 : 0);
            if (k > 0) {
                products[position].run(
                        worker,
                        a + fromA * bytes,
                        b + fromB * bytes,
                        c + offset,
                        biases + column * bytes,
                        other + offset);
            } else {
                clear(row, column, c + offset);
            }
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
    }
}
