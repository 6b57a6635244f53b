package io.dunlin.device.cpu;

import io.dunlin.tensor.Tensor;

/** Layer norm and RMS norm, forward; a row is read from memory once and stays in the first-level cache. */
final class Norms implements Team.Job {
    private final Team team;
    private final Scratch scratch;
    private final Operand x = new Operand();
    private final Operand y = new Operand();
    private final Operand gain = new Operand();
    private final Operand bias = new Operand();
    private long mean;
    private long rstd;
    private boolean centred;
    private float epsilon;
    private long rows;
    private int width;
    private int tileRows;

    Norms(Team team, Scratch scratch) {
        this.team = team;
        this.scratch = scratch;
    }

    void layerNorm(Tensor input, Tensor g, Tensor b, float eps, Tensor output, Tensor keptMean, Tensor keptRstd) {
        centred = true;
        bias.set(b);
        mean = keptMean.address();
        run(input, g, eps, output, keptRstd);
    }

    void rmsNorm(Tensor input, Tensor g, float eps, Tensor output, Tensor keptRstd) {
        centred = false;
        run(input, g, eps, output, keptRstd);
    }

    private void run(Tensor input, Tensor g, float eps, Tensor output, Tensor keptRstd) {
        x.set(input);
        y.set(output);
        gain.set(g);
        rstd = keptRstd.address();
        epsilon = eps;
        rows = input.rows();
        width = Math.toIntExact(input.columns());
        tileRows = Tiling.rows(width);
        scratch.ensure(4L * rowBytes());
        team.run(this, Tiling.ceilDiv(rows, tileRows));
    }

    private long rowBytes() {
        return (4L * width + 63) & -64;
    }

    @Override
    public void tile(int tile, int worker) {
        long buffer = scratch.of(worker);
        long gains = gain.read(0, 0, width, buffer);
        long biases = centred ? bias.read(0, 0, width, buffer + rowBytes()) : gains;
        long last = Math.min(rows, (tile + 1L) * tileRows);
        for (long row = (long) tile * tileRows; row < last; row++) {
            long from = x.read(row, 0, width, buffer + 2 * rowBytes());
            long to = y.target(row, 0, buffer + 3 * rowBytes());
            if (centred) {
                layerNormRow(row, from, gains, biases, to);
            } else {
                rmsNormRow(row, from, gains, to);
            }
            y.written(row, 0, width, buffer + 3 * rowBytes());
        }
    }

    private void layerNormRow(long row, long from, long gains, long biases, long to) {
        float mu = NormLoops.sum(from, width) / width;
        float scale = (float) (1 / Math.sqrt(NormLoops.squares(from, mu, width) / width + epsilon));
        Memory.f32(mean + 4 * row, mu);
        Memory.f32(rstd + 4 * row, scale);
        NormLoops.scaleAndShift(from, mu, scale, gains, biases, to, width);
    }

    private void rmsNormRow(long row, long from, long gains, long to) {
        float scale = (float) (1 / Math.sqrt(NormLoops.squares(from, 0, width) / width + epsilon));
        Memory.f32(rstd + 4 * row, scale);
        NormLoops.scale(from, scale, gains, to, width);
    }
}
