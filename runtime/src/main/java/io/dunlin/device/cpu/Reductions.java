package io.dunlin.device.cpu;

import io.dunlin.tensor.Tensor;

/** Sums in an order fixed by extents. */
final class Reductions {
    private Reductions() {}

    /** The sum in double, element by element. */
    static double sum(Tensor x) {
        double sum = 0;
        for (long i = 0; i < x.elements(); i++) {
            sum += Memory.f32(x.address() + 4 * i);
        }
        return sum;
    }

    /** Sum of squares: fixed blocks, each summed in double, then added in order. */
    static final class SumOfSquares implements Team.Job {
        private static final int BLOCK = 1 << 16;

        private final Team team;
        private final Scratch scratch;
        private long address;
        private long elements;

        SumOfSquares(Team team, Scratch scratch) {
            this.team = team;
            this.scratch = scratch;
            scratch.ensure(ReductionLoops.D.vectorByteSize());
        }

        double run(Tensor x) {
            address = x.address();
            elements = x.elements();
            int blocks = Tiling.ceilDiv(elements, BLOCK);
            scratch.ensureShared((long) blocks * Double.BYTES);
            team.run(this, blocks);
            double sum = 0;
            for (int block = 0; block < blocks; block++) {
                sum += Memory.f64(scratch.shared() + (long) block * Double.BYTES);
            }
            return sum;
        }

        @Override
        public void tile(int tile, int worker) {
            long first = (long) tile * BLOCK;
            int count = (int) Math.min(BLOCK, elements - first);
            Memory.f64(
                    scratch.shared() + (long) tile * Double.BYTES,
                    ReductionLoops.squares(address + 4 * first, count, scratch.of(worker)));
        }
    }

    /** Sums of the columns of a matrix; a tile owns a band of columns and adds the rows in order. */
    static final class ColumnSums implements Team.Job {
        private static final int BAND = 256;

        private final Team team;
        private final Scratch scratch;
        private final Operand x = new Operand();
        private long sums;
        private float beta;
        private long rows;
        private int columns;

        ColumnSums(Team team, Scratch scratch) {
            this.team = team;
            this.scratch = scratch;
            scratch.ensure(2L * BAND * Float.BYTES);
        }

        /** sums = column sums + beta * sums. */
        void run(Tensor matrix, Tensor ofSums, float factor) {
            x.set(matrix);
            sums = ofSums.address();
            beta = factor;
            rows = matrix.rows();
            columns = Math.toIntExact(matrix.columns());
            team.run(this, Tiling.ceilDiv(columns, BAND));
        }

        @Override
        public void tile(int tile, int worker) {
            int first = tile * BAND;
            int count = Math.min(BAND, columns - first);
            long buffer = scratch.of(worker);
            long sum = buffer + BAND * Float.BYTES;
            RowLoops.fill(sum, 0, count);
            int whole = count / ReductionLoops.COLUMNS * ReductionLoops.COLUMNS;
            for (int column = 0; column < whole; column += ReductionLoops.COLUMNS) {
                x.addRowsTo(sum + 4L * column, rows, first + column);
            }
            if (whole < count) {
                long rest = sum + 4L * whole;
                for (long row = 0; row < rows; row++) {
                    RowLoops.add(x.read(row, first + whole, count - whole, buffer), rest, rest, count - whole);
                }
            }
            long to = sums + 4L * first;
            if (beta == 0) {
                RowLoops.move(sum, to, count);
            } else {
                RowLoops.add(sum, to, to, count);
            }
        }
    }
}
