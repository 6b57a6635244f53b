package io.dunlin.device.cpu;

import static io.dunlin.device.cpu.Lanes.F;
import static io.dunlin.device.cpu.Lanes.W;
import static io.dunlin.device.cpu.Lanes.load;
import static io.dunlin.device.cpu.Lanes.store;

import io.dunlin.tensor.Tensor;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

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
        scratch.ensure(4L * vocabulary + 64);
        team.run(this, Tiling.ceilDiv(rows, tileRows));
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
                    Lanes.fill(logits.target(row, 0, buffer), 0, vocabulary);
                    logits.written(row, 0, vocabulary, buffer);
                }
            }
        }
    }

    private void row(long row, int target, long buffer) {
        long from = logits.read(row, 0, vocabulary, buffer);
        float max = max(from, vocabulary);
        float ofTarget = Memory.f32(from + 4L * target);
        if (!gradient) {
            Memory.f32(losses + 4 * row, loss(max, sumOfExponentials(from, max, vocabulary), ofTarget));
            return;
        }
        float sum = exponentials(from, max, vocabulary);
        Memory.f32(losses + 4 * row, loss(max, sum, ofTarget));
        scale(from, gradientScale / sum, vocabulary);
        Memory.f32(from + 4L * target, Memory.f32(from + 4L * target) - gradientScale);
        logits.written(row, 0, vocabulary, buffer);
    }

    private static float loss(float max, float sum, float ofTarget) {
        return (float) (max - (double) ofTarget + Math.log(sum));
    }

    private static float max(long x, int count) {
        FloatVector even = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
        FloatVector odd = even;
        int i = 0;
        for (; i + 2 * W <= count; i += 2 * W) {
            even = even.max(load(x + 4L * i));
            odd = odd.max(load(x + 4L * (i + W)));
        }
        float max = even.max(odd).reduceLanes(VectorOperators.MAX);
        for (; i < count; i++) {
            max = Math.max(max, Memory.f32(x + 4L * i));
        }
        return max;
    }

    /** x becomes e^(x - max); returns the sum. */
    private static float exponentials(long x, float max, int count) {
        FloatVector even = FloatVector.zero(F);
        FloatVector odd = FloatVector.zero(F);
        int i = 0;
        for (; i + 2 * W <= count; i += 2 * W) {
            FloatVector a = Lanes.exp(load(x + 4L * i).sub(max));
            FloatVector b = Lanes.exp(load(x + 4L * (i + W)).sub(max));
            store(a, x + 4L * i);
            store(b, x + 4L * (i + W));
            even = even.add(a);
            odd = odd.add(b);
        }
        float sum = Lanes.sum(even.add(odd));
        return i < count ? sum + exponentialsOfRest(x + 4L * i, max, count - i) : sum;
    }

    /** As {@link #exponentials}, for fewer elements than two vectors. */
    private static float exponentialsOfRest(long x, float max, int count) {
        FloatVector sum = FloatVector.zero(F);
        for (int i = 0; i < count; i += W) {
            VectorMask<Float> rest = Lanes.first(count - i);
            FloatVector a = Lanes.exp(load(x + 4L * i, rest).sub(max));
            store(a, x + 4L * i, rest);
            sum = sum.add(a, rest);
        }
        return Lanes.sum(sum);
    }

    private static float sumOfExponentials(long x, float max, int count) {
        FloatVector sum = FloatVector.zero(F);
        int i = 0;
        for (int bound = F.loopBound(count); i < bound; i += W) {
            sum = sum.add(Lanes.exp(load(x + 4L * i).sub(max)));
        }
        if (i < count) {
            VectorMask<Float> rest = Lanes.first(count - i);
            sum = sum.add(Lanes.exp(load(x + 4L * i, rest).sub(max)), rest);
        }
        return Lanes.sum(sum);
    }

    private static void scale(long x, float factor, int count) {
        int i = 0;
        for (int bound = F.loopBound(count); i < bound; i += W) {
            store(load(x + 4L * i).mul(factor), x + 4L * i);
        }
        if (i < count) {
            VectorMask<Float> rest = Lanes.first(count - i);
            store(load(x + 4L * i, rest).mul(factor), x + 4L * i, rest);
        }
    }
}
