package io.dunlin.device.cpu;

import static io.dunlin.device.cpu.Lanes.F;
import static io.dunlin.device.cpu.Lanes.W;
import static io.dunlin.device.cpu.Lanes.load;
import static io.dunlin.device.cpu.Lanes.store;

import io.dunlin.tensor.Tensor;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

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
        float mu = sum(from, width) / width;
        float scale = (float) (1 / Math.sqrt(squares(from, mu, width) / width + epsilon));
        Memory.f32(mean + 4 * row, mu);
        Memory.f32(rstd + 4 * row, scale);
        scaleAndShift(from, mu, scale, gains, biases, to, width);
    }

    private void rmsNormRow(long row, long from, long gains, long to) {
        float scale = (float) (1 / Math.sqrt(squares(from, 0, width) / width + epsilon));
        Memory.f32(rstd + 4 * row, scale);
        scale(from, scale, gains, to, width);
    }

    private static float sum(long x, int count) {
        FloatVector even = FloatVector.zero(F);
        FloatVector odd = FloatVector.zero(F);
        int i = 0;
        for (; i + 2 * W <= count; i += 2 * W) {
            even = even.add(load(x + 4L * i));
            odd = odd.add(load(x + 4L * (i + W)));
        }
        for (; i < count; i += W) {
            even = even.add(load(x + 4L * i, Lanes.first(count - i)));
        }
        return Lanes.sum(even.add(odd));
    }

    private static float squares(long x, float mean, int count) {
        FloatVector even = FloatVector.zero(F);
        FloatVector odd = FloatVector.zero(F);
        int i = 0;
        for (; i + 2 * W <= count; i += 2 * W) {
            FloatVector a = load(x + 4L * i).sub(mean);
            FloatVector b = load(x + 4L * (i + W)).sub(mean);
            even = a.fma(a, even);
            odd = b.fma(b, odd);
        }
        for (; i < count; i += W) {
            VectorMask<Float> rest = Lanes.first(count - i);
            FloatVector a = load(x + 4L * i, rest).sub(mean, rest);
            even = a.fma(a, even);
        }
        return Lanes.sum(even.add(odd));
    }

    private static void scaleAndShift(
            long x, float mean, float scale, long gain, long bias, long y, int count) {
        int i = 0;
        for (int bound = F.loopBound(count); i < bound; i += W) {
            FloatVector normal = load(x + 4L * i).sub(mean).mul(scale);
            store(normal.fma(load(gain + 4L * i), load(bias + 4L * i)), y + 4L * i);
        }
        if (i < count) {
            VectorMask<Float> rest = Lanes.first(count - i);
            FloatVector normal = load(x + 4L * i, rest).sub(mean).mul(scale);
            store(normal.fma(load(gain + 4L * i, rest), load(bias + 4L * i, rest)), y + 4L * i, rest);
        }
    }

    private static void scale(long x, float scale, long gain, long y, int count) {
        int i = 0;
        for (int bound = F.loopBound(count); i < bound; i += W) {
            store(load(x + 4L * i).mul(scale).mul(load(gain + 4L * i)), y + 4L * i);
        }
        if (i < count) {
            VectorMask<Float> rest = Lanes.first(count - i);
            store(load(x + 4L * i, rest).mul(scale).mul(load(gain + 4L * i, rest)), y + 4L * i, rest);
        }
    }
}
