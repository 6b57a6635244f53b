package io.dunlin.device.cpu;

import static io.dunlin.device.cpu.Lanes.F;
import static io.dunlin.device.cpu.Lanes.W;
import static io.dunlin.device.cpu.Lanes.load;
import static io.dunlin.device.cpu.Lanes.store;

import io.dunlin.device.AdamWStep;
import io.dunlin.tensor.Tensor;
import jdk.incubator.vector.FloatVector;

/** One AdamW update in one pass over memory, the rounded copy included. */
final class AdamW implements Team.Job {
    /** Elements updated before their rounded copy is taken: four streams of them stay in the first-level cache. */
    private static final int CHUNK = 1024;

    private final Team team;
    private long value;
    private long gradient;
    private long first;
    private long second;
    private long compute;
    private boolean hasCompute;
    private long elements;
    private float beta1;
    private float beta2;
    private float epsilon;
    private float gradientScale;
    private float keep;
    private float stepSize;
    private float rootCorrection2;

    AdamW(Team team) {
        this.team = team;
    }

    void run(Tensor ofValue, Tensor ofGradient, Tensor m, Tensor v, Tensor ofCompute, AdamWStep step) {
        value = ofValue.address();
        gradient = ofGradient.address();
        first = m.address();
        second = v.address();
        compute = ofCompute.address();
        hasCompute = ofCompute.present();
        elements = ofValue.elements();
        beta1 = step.beta1();
        beta2 = step.beta2();
        epsilon = step.epsilon();
        gradientScale = step.gradientScale();
        keep = (float) (1 - (double) step.learningRate() * step.weightDecay());
        stepSize = step.learningRate() / step.correction1();
        rootCorrection2 = (float) (1 / Math.sqrt(step.correction2()));
        team.run(this, Tiling.ceilDiv(elements, Tiling.ELEMENTS));
    }

    @Override
    public void tile(int tile, int worker) {
        long last = Math.min(elements, (tile + 1L) * Tiling.ELEMENTS);
        for (long i = (long) tile * Tiling.ELEMENTS; i < last; i += CHUNK) {
            int count = (int) Math.min(CHUNK, last - i);
            update(4 * i, count);
            if (hasCompute) {
                Lanes.narrow(value + 4 * i, compute + 2 * i, count);
            }
        }
    }

    private void update(long offset, int count) {
        int bound = F.loopBound(count);
        vectors(value + offset, gradient + offset, first + offset, second + offset, bound);
        for (int i = bound; i < count; i++) {
            scalar(offset + 4L * i);
        }
    }

    private void vectors(long p, long g, long m, long v, int count) {
        float b1 = beta1;
        float b2 = beta2;
        float scale = gradientScale;
        float eps = epsilon;
        float root = rootCorrection2;
        float kept = keep;
        float step = -stepSize;
        for (int i = 0; i < count; i += W) {
            FloatVector gi = load(g + 4L * i).mul(scale);
            FloatVector mi = load(m + 4L * i).mul(b1).add(gi.mul(1 - b1));
            FloatVector vi = load(v + 4L * i).mul(b2).add(gi.mul(1 - b2).mul(gi));
            store(mi, m + 4L * i);
            store(vi, v + 4L * i);
            FloatVector direction = mi.div(vi.sqrt().mul(root).add(eps));
            store(direction.mul(step).add(load(p + 4L * i).mul(kept)), p + 4L * i);
        }
    }

    private void scalar(long offset) {
        float g = Memory.f32(gradient + offset) * gradientScale;
        float m = beta1 * Memory.f32(first + offset) + (1 - beta1) * g;
        float v = beta2 * Memory.f32(second + offset) + (1 - beta2) * g * g;
        Memory.f32(first + offset, m);
        Memory.f32(second + offset, v);
        float direction = m / ((float) Math.sqrt(v) * rootCorrection2 + epsilon);
        Memory.f32(value + offset, direction * -stepSize + Memory.f32(value + offset) * keep);
    }
}
