package io.dunlin.device.cpu;

import static io.dunlin.device.cpu.Lanes.F;
import static io.dunlin.device.cpu.Lanes.W;

import io.dunlin.tensor.Tensor;

/**
 * Softmax cross-entropy. A row of logits comes from memory once: its maximum, its exponentials with their sum, and the
 * gradient are taken while it is in the second-level cache.
 */
final class CrossEntropy implements Team.Job {
    private static final int NO_TARGET = -1;

    private final Team team;
    private final Scratch scratch;
    private final Operand logits = new Operand();
    private long targets;
    private long losses;
    private boolean gradient;
    private float gradientScale;
    private long rows;
    private int vocabulary;
    private int tileRows;

    CrossEntropy(Team team, Scratch scratch) {
        this.team = team;
        this.scratch = scratch;
    }

    /** Losses, and the gradient in place of the logits. */
    void lossAndGradient(Tensor ofLogits, Tensor ofTargets, Tensor ofLosses, float scale) {
        gradient = true;
        gradientScale = scale;
        run(ofLogits, ofTargets, ofLosses);
    }

    /** Losses alone. */
    void loss(Tensor ofLogits, Tensor ofTargets, Tensor ofLosses) {
        gradient = false;
        run(ofLogits, ofTargets, ofLosses);
    }

    private void run(Tensor ofLogits, Tensor ofTargets, Tensor ofLosses) {
        logits.set(ofLogits);
        targets = ofTargets.address();
        losses = ofLosses.address();
        rows = ofLogits.rows();
        vocabulary = Math.toIntExact(ofLogits.columns());
        tileRows = Tiling.rows(vocabulary);
        scratch.ensure(rowBytes() + 64);
        team.run(this, Tiling.ceilDiv(rows, tileRows));
    }

    private long rowBytes() {
        return (4L * vocabulary + 63) & -64;
    }

    @Override
    public void tile(int tile, int worker) {
        long buffer = scratch.of(worker);
        long last = Math.min(rows, (tile + 1L) * tileRows);
        for (long row = (long) tile * tileRows; row < last; row++) {
            int target = Memory.i32(targets + 4 * row);
            if (target != NO_TARGET) {
                row(row, target, buffer);
            } else {
                Memory.f32(losses + 4 * row, 0);
                if (gradient) {
                    RowLoops.fill(logits.target(row, 0, buffer), 0, vocabulary);
                    logits.written(row, 0, vocabulary, buffer);
                }
            }
        }
    }

    private void row(long row, int target, long buffer) {
        long rest = buffer + rowBytes();
        if (!gradient) {
            logits.load(row, 0, vocabulary, buffer);
        }
        long from = gradient ? logits.read(row, 0, vocabulary, buffer) : buffer;
        float max = RowLoops.max(from, vocabulary);
        float ofTarget = Memory.f32(from + 4L * target);
        float sum = exponentials(from, max, vocabulary, rest);
        Memory.f32(losses + 4 * row, (float) (max - (double) ofTarget + Math.log(sum)));
        if (!gradient) {
            return;
        }
        RowLoops.scale(from, gradientScale / sum, vocabulary);
        Memory.f32(from + 4L * target, Memory.f32(from + 4L * target) - gradientScale);
        logits.written(row, 0, vocabulary, buffer);
    }

    /** The sum of e^(x - max), where x becomes these; the elements after the last whole vector pass through a buffer. */
    private static float exponentials(long x, float max, int count, long buffer) {
        int whole = F.loopBound(count);
        float sum = SoftmaxLoops.exponentials(x, max, 1, whole);
        if (whole < count) {
            RowLoops.fill(buffer, Float.NEGATIVE_INFINITY, W);
            RowLoops.move(x + 4L * whole, buffer, count - whole);
            sum += SoftmaxLoops.exponentials(buffer, max, 1, W);
            RowLoops.move(buffer, x + 4L * whole, count - whole);
        }
        return sum;
    }
}
