package io.dunlin.device.cpu;

import io.dunlin.device.AdamWStep;
import io.dunlin.tensor.Tensor;

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
    private final UpdateLoops.Scalars scalars = new UpdateLoops.Scalars();

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
        scalars.beta1 = step.beta1();
        scalars.beta2 = step.beta2();
        scalars.epsilon = step.epsilon();
        scalars.gradientScale = step.gradientScale();
        scalars.keep = (float) (1 - (double) step.learningRate() * step.weightDecay());
        scalars.step = -step.learningRate() / step.correction1();
        scalars.rootCorrection = (float) (1 / Math.sqrt(step.correction2()));
        team.run(this, Tiling.ceilDiv(elements, Tiling.ELEMENTS));
    }

    @Override
    public void tile(int tile, int worker) {
        long last = Math.min(elements, (tile + 1L) * Tiling.ELEMENTS);
        for (long i = (long) tile * Tiling.ELEMENTS; i < last; i += CHUNK) {
            int count = (int) Math.min(CHUNK, last - i);
            update(4 * i, count);
            if (hasCompute) {
                RowLoops.narrow(value + 4 * i, compute + 2 * i, count);
            }
        }
    }

    private void update(long offset, int count) {
        int whole = Lanes.F.loopBound(count);
        UpdateLoops.adamW(scalars, value + offset, gradient + offset, first + offset, second + offset, whole);
        for (int i = whole; i < count; i++) {
            scalar(offset + 4L * i);
        }
    }

    private void scalar(long offset) {
        UpdateLoops.Scalars s = scalars;
        float g = Memory.f32(gradient + offset) * s.gradientScale;
        float m = s.beta1 * Memory.f32(first + offset) + (1 - s.beta1) * g;
        float v = s.beta2 * Memory.f32(second + offset) + (1 - s.beta2) * g * g;
        Memory.f32(first + offset, m);
        Memory.f32(second + offset, v);
        float direction = m / ((float) Math.sqrt(v) * s.rootCorrection + s.epsilon);
        Memory.f32(value + offset, direction * s.step + Memory.f32(value + offset) * s.keep);
    }
}
