package io.dunlin.device.cpu;

import io.dunlin.device.cpu.ProductShape.Packing;
import io.dunlin.tensor.DType;

/**
 * Matrix products on vectors, for machines where oneDNN does not load: operands are packed into panels of F32, and
 * blocks of four rows by four vectors are summed in registers.
 */
final class VectorProducts implements ProductEngine {
    static final int ROWS = 4;
    static final int COLUMNS = 4 * Lanes.W;

    private static final int TILE_ROWS = 1024;

    private final Scratch scratch;

    VectorProducts(Scratch scratch) {
        this.scratch = scratch;
    }

    @Override
    public Product product(ProductShape shape) {
        VectorProduct product = new VectorProduct(shape);
        scratch.ensure(product.scratchBytes());
        return product;
    }

    @Override
    public int tileRows(DType inputs) {
        return TILE_ROWS;
    }

    @Override
    public void close() {
        // the scratch memory belongs to the device
    }

    private final class VectorProduct implements Product {
        private final ProductShape shape;
        private final int paddedRows;
        private final int paddedColumns;

        VectorProduct(ProductShape shape) {
            this.shape = shape;
            paddedRows = Tiling.ceilDiv(shape.m(), ROWS) * ROWS;
            paddedColumns = Tiling.ceilDiv(shape.n(), COLUMNS) * COLUMNS;
        }

        long scratchBytes() {
            return (long) Float.BYTES
                    * ((long) paddedRows * shape.k() + (long) paddedColumns * shape.k() + ROWS * COLUMNS);
        }

        @Override
        public void run(int worker, long a, long b, long c, long bias, long other) {
            long panelsB = shape.packing() == Packing.PACKED ? b : scratch.of(worker);
            long panelsA = scratch.of(worker) + packedBytes();
            long block = panelsA + (long) Float.BYTES * paddedRows * shape.k();
            pack(a, shape.a().row(), shape.a().column(), shape.m(), ROWS, panelsA);
            if (shape.packing() == Packing.AS_STORED) {
                pack(worker, b, panelsB);
            }
            for (int column = 0; column < shape.n(); column += COLUMNS) {
                long panelB = panelsB + (long) Float.BYTES * column * shape.k();
                for (int row = 0; row < shape.m(); row += ROWS) {
                    multiply(panelsA + (long) Float.BYTES * row * shape.k(), panelB, shape.k(), block);
                    finish(block, row, column, c, bias, other);
                }
            }
        }

        @Override
        public long packedBytes() {
            return (long) Float.BYTES * paddedColumns * shape.k();
        }

        @Override
        public void pack(int worker, long b, long packed) {
            pack(b, shape.b().column(), shape.b().row(), shape.n(), COLUMNS, packed);
        }

        /** Packs {@code across} lines of k elements into panels of {@code width} lines, k outermost; zero-padded. */
        private void pack(long from, long acrossStride, long alongStride, int across, int width, long to) {
            DType type = shape.inputs();
            int bytes = type.bytes();
            for (int panel = 0; panel < across; panel += width) {
                long panelStart = to + (long) Float.BYTES * panel * shape.k();
                for (int i = 0; i < width; i++) {
                    boolean inside = panel + i < across;
                    long line = from + (panel + i) * acrossStride * bytes;
                    for (int along = 0; along < shape.k(); along++) {
                        float value = inside ? Memory.load(type, line + along * alongStride * bytes) : 0;
                        Memory.f32(panelStart + (long) Float.BYTES * ((long) along * width + i), value);
                    }
                }
            }
        }

        private void finish(long block, int row, int column, long c, long bias, long other) {
            int rows = Math.min(ROWS, shape.m() - row);
            int columns = Math.min(COLUMNS, shape.n() - column);
            DType type = shape.output();
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < columns; j++) {
                    long offset = ((row + i) * shape.rowStride() + column + j) * type.bytes();
                    float sum = Memory.f32(block + (long) Float.BYTES * (i * COLUMNS + j));
                    if (shape.bias() == ProductShape.Bias.EVERY_ROW) {
                        sum += Memory.load(
                                shape.inputs(),
                                bias + (long) (column + j) * shape.inputs().bytes());
                    }
                    sum += switch (shape.addend()) {
                        case NOTHING -> 0;
                        case RESULT -> Memory.load(type, c + offset);
                        case OTHER -> Memory.load(type, other + offset);
                    };
                    Memory.store(type, c + offset, sum);
                }
            }
        }
    }

    /** block[4, 4 vectors] = panelA * panelB. */
    private static void multiply(long panelA, long panelB, int depth, long block) {
        for (int pair = 0; pair < 2; pair++) {
            ProductLoops.twoRows(panelA + 8L * pair, panelB, depth, block + 8L * COLUMNS * pair);
        }
    }
}
