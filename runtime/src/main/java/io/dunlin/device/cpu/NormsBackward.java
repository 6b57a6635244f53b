package io.dunlin.device.cpu;

import io.dunlin.tensor.Tensor;

/**
 * Backward of layer norm and RMS norm in one pass over the rows. Each tile, a fixed block of rows, sums its own part of
 * dgain and dbias; the parts are then added in order of the blocks.
 */
final class NormsBackward implements Team.Job {
    private static final int MAX_BLOCKS = 64;
    private static final int MIN_BLOCK_ROWS = 16;

    private final Team team;
    private final Scratch scratch;
    private final Operand dy = new Operand();
    private final Operand x = new Operand();
    private final Operand gain = new Operand();
    private final Operand dx = new Operand();
    private final AddBlocks addBlocks = new AddBlocks();
    private long mean;
    private long rstd;
    private boolean centred;
    private long rows;
    private int width;
    private int blockRows;

    NormsBackward(Team team, Scratch scratch) {
        this.team = team;
        this.scratch = scratch;
    }

    /** Runs with {@code dbias} and {@code keptMean} present for layer norm, both absent for RMS norm. */
    void run(
            Tensor gradient,
            Tensor input,
            Tensor g,
            Tensor keptMean,
            Tensor keptRstd,
            Tensor dinput,
            Tensor dgain,
            Tensor dbias,
            float beta) {
        dy.set(gradient);
        x.set(input);
        gain.set(g);
        dx.set(dinput);
        centred = keptMean.present();
        mean = keptMean.address();
        rstd = keptRstd.address();
        rows = input.rows();
        width = Math.toIntExact(input.columns());
        blockRows = Math.max(MIN_BLOCK_ROWS, Tiling.ceilDiv(rows, MAX_BLOCKS));
        int blocks = Tiling.ceilDiv(rows, blockRows);
        scratch.ensure(5 * rowBytes());
        scratch.ensureShared(2L * blocks * rowBytes());
        team.run(this, blocks);
        addBlocks.run(blocks, dgain.address(), centred ? dbias.address() : 0, beta);
    }

    private long rowBytes() {
        return (4L * width + 63) & -64;
    }

    @Override
    public void tile(int tile, int worker) {
        long buffer = scratch.of(worker);
        long gains = gain.read(0, 0, width, buffer);
        long sumGain = scratch.shared() + 2L * tile * rowBytes();
        long sumBias = sumGain + rowBytes();
        RowLoops.fill(sumGain, 0, width);
        RowLoops.fill(sumBias, 0, width);
        long last = Math.min(rows, (tile + 1L) * blockRows);
        for (long row = (long) tile * blockRows; row < last; row++) {
            row(row, gains, sumGain, sumBias, buffer);
        }
    }

    private void row(long row, long gains, long sumGain, long sumBias, long buffer) {
        long gradient = dy.read(row, 0, width, buffer + rowBytes());
        long input = x.read(row, 0, width, buffer + 2 * rowBytes());
        long before = dx.read(row, 0, width, buffer + 3 * rowBytes());
        long after = dx.target(row, 0, buffer + 4 * rowBytes());
        float scale = Memory.f32(rstd + 4 * row);
        float mu = centred ? Memory.f32(mean + 4 * row) : 0;
        float meanOfG = centred ? NormLoops.dot(gradient, gains, width) / width : 0;
        float meanOfGNormal = NormLoops.dotNormal(gradient, gains, input, mu, scale, width) / width;
        NormLoops.dinput(gradient, gains, input, before, after, mu, scale, meanOfG, meanOfGNormal, width);
        NormLoops.addGain(gradient, input, mu, scale, sumGain, width);
        if (centred) {
            RowLoops.add(sumBias, gradient, sumBias, width);
        }
        dx.written(row, 0, width, buffer + 4 * rowBytes());
    }

    /** Adds the blocks' parts to dgain and dbias, in order of the blocks. */
    private final class AddBlocks implements Team.Job {
        private static final int TILE = 512;
        private long dgain;
        private long dbias;
        private int blocks;
        private float beta;

        void run(int count, long toGain, long toBias, float factor) {
            blocks = count;
            dgain = toGain;
            dbias = toBias;
            beta = factor;
            team.run(this, Tiling.ceilDiv(width, TILE));
        }

        @Override
        public void tile(int tile, int worker) {
            int first = tile * TILE;
            int count = Math.min(TILE, width - first);
            sum(dgain + 4L * first, scratch.shared() + 4L * first, count);
            if (centred) {
                sum(dbias + 4L * first, scratch.shared() + rowBytes() + 4L * first, count);
            }
        }

        private void sum(long to, long from, int count) {
            if (beta == 0) {
                RowLoops.fill(to, 0, count);
            }
            for (int block = 0; block < blocks; block++) {
                RowLoops.add(to, from + 2L * block * rowBytes(), to, count);
            }
        }
    }
}
