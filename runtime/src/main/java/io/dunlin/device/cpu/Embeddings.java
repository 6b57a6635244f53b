package io.dunlin.device.cpu;

import io.dunlin.tensor.Tensor;

/** Looking up rows of tables. */
final class Embeddings implements Team.Job {
    private final Team team;
    private final Scratch scratch;
    private final Operand table = new Operand();
    private final Operand positions = new Operand();
    private final Operand y = new Operand();
    private long tokens;
    private boolean hasPositions;
    private int time;
    private long rows;
    private int width;
    private int tileRows;

    Embeddings(Team team, Scratch scratch) {
        this.team = team;
        this.scratch = scratch;
    }

    void run(Tensor ofTokens, Tensor ofTable, Tensor ofPositions, int ofTime, Tensor output) {
        tokens = ofTokens.address();
        table.set(ofTable);
        positions.set(ofPositions);
        hasPositions = ofPositions.present();
        y.set(output);
        time = ofTime;
        rows = output.rows();
        width = Math.toIntExact(output.columns());
        tileRows = Tiling.rows(width);
        scratch.ensure(3 * rowBytes());
        team.run(this, Tiling.ceilDiv(rows, tileRows));
    }

    private long rowBytes() {
        return (4L * width + 63) & -64;
    }

    @Override
    public void tile(int tile, int worker) {
        long buffer = scratch.of(worker);
        long last = Math.min(rows, (tile + 1L) * tileRows);
        for (long row = (long) tile * tileRows; row < last; row++) {
            long from = table.read(Memory.i32(tokens + 4 * row), 0, width, buffer);
            long to = y.target(row, 0, buffer + 2 * rowBytes());
            if (hasPositions) {
                RowLoops.add(from, positions.read(row % time, 0, width, buffer + rowBytes()), to, width);
            } else {
                RowLoops.move(from, to, width);
            }
            y.written(row, 0, width, buffer + 2 * rowBytes());
        }
    }

    /**
     * Scatters gradients into tables. A tile owns some rows of a table and goes through all rows of the gradient in
     * order, so that contributions to one row are added in the order of the positions, by one thread.
     */
    static final class Backward implements Team.Job {
        /** Tiles of each table; rows are dealt out in turn, since frequent tokens tend to be neighbours. */
        private static final int TILES = 16;

        private final Team team;
        private final Scratch scratch;
        private final Operand dy = new Operand();
        private final Operand dtable = new Operand();
        private final Operand dpositions = new Operand();
        private long tokens;
        private int time;
        private long rows;
        private int width;

        Backward(Team team, Scratch scratch) {
            this.team = team;
            this.scratch = scratch;
        }

        /** Adds to both tables. */
        void run(Tensor gradient, Tensor ofTokens, int ofTime, Tensor table, Tensor positions) {
            dy.set(gradient);
            tokens = ofTokens.address();
            time = ofTime;
            dtable.set(table);
            dpositions.set(positions);
            rows = gradient.rows();
            width = Math.toIntExact(gradient.columns());
            scratch.ensure(4L * width);
            team.run(this, positions.present() ? 2 * TILES : TILES);
        }

        @Override
        public void tile(int tile, int worker) {
            long buffer = scratch.of(worker);
            if (tile < TILES) {
                for (long row = 0; row < rows; row++) {
                    int token = Memory.i32(tokens + 4 * row);
                    if (token % TILES == tile) {
                        add(row, dtable.at(token, 0), buffer);
                    }
                }
            } else {
                for (int position = tile - TILES; position < time; position += TILES) {
                    for (long row = position; row < rows; row += time) {
                        add(row, dpositions.at(position, 0), buffer);
                    }
                }
            }
        }

        private void add(long row, long to, long buffer) {
            RowLoops.add(dy.read(row, 0, width, buffer), to, to, width);
        }
    }
}
