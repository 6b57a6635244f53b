package io.dunlin.device.cpu;

import io.dunlin.tensor.Tensor;
import java.util.Arrays;

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
    private final NormLoops.BackwardRow[] backwardRows;
    private long mean;
    private long rstd;
    private boolean centred;
    private long rows;
    private int width;
    private int blockRows;

    NormsBackward(Team team, Scratch scratch) {
        this.team = team;
        this.scratch = scratch;
        backwardRows = new NormLoops.BackwardRow[team.threads()];
        Arrays.setAll(backwardRows, _ -> new NormLoops.BackwardRow());
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
        scratch.ensure(5 * rowBytes() + 2 * Float.BYTES);
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
            row(row, gains, sumGain, sumBias, worker);
        }
    }

    private void row(long index, long gains, long sumGain, long sumBias, int worker) {
        long buffer = scratch.of(worker);
        NormLoops.BackwardRow row = backwardRows[worker];
        row.dy = dy.read(index, 0, width, buffer + rowBytes());
        row.gain = gains;
        row.x = x.read(index, 0, width, buffer + 2 * rowBytes());
        row.dxBefore = dx.read(index, 0, width, buffer + 3 * rowBytes());
        row.dxAfter = dx.target(index, 0, buffer + 4 * rowBytes());
        row.dgain = sumGain;
        row.dbias = sumBias;
        row.mean = centred ? Memory.f32(mean + 4 * index) : 0;
        row.rstd = Memory.f32(rstd + 4 * index);
        long sums = buffer + 5 * rowBytes();
        NormLoops.sumsOfGradient(row.dy, row.gain, row.x, row.mean, row.rstd, width, sums);
        row.meanOfG = centred ? Memory.f32(sums) / width : 0;
        row.meanOfGNormal = Memory.f32(sums + 4) / width;
        int whole = Lanes.F.loopBound(width);
        NormLoops.backward(row, whole);
        if (whole < width) {
            row.skip(whole);
            NormLoops.backwardRest(row, width - whole);
        }
        dx.written(index, 0, width, buffer + 4 * rowBytes());
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
