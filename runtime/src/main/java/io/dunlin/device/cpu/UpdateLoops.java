package io.dunlin.device.cpu;

import static io.dunlin.device.cpu.Lanes.W;
import static io.dunlin.device.cpu.Lanes.load;
import static io.dunlin.device.cpu.Lanes.store;

import jdk.incubator.vector.FloatVector;

/** The loop of AdamW. */
final class UpdateLoops {
    /** Scalars of one update, as they are applied. */
    static final class Scalars {
        float beta1;
        float beta2;
        float epsilon;
        float gradientScale;
        /** What is left of a weight after decay. */
        float keep;
        /** Learning rate over the first correction, negative. */
        float step;
        /** 1 / sqrt(second correction). */
        float rootCorrection;
    }

    private UpdateLoops() {}

    /** Updates {@code count} weights p with gradients g and moments m and v; count is a multiple of {@link Lanes#W}. */
    static void adamW(Scalars s, long p, long g, long m, long v, int count) {
        float beta1 = s.beta1;
        float rest1 = 1 - s.beta1;
        float beta2 = s.beta2;
        float rest2 = 1 - s.beta2;
        float scale = s.gradientScale;
        float epsilon = s.epsilon;
        float root = s.rootCorrection;
        float keep = s.keep;
        float step = s.step;
        for (int i = 0; i < count; i += W) {
            FloatVector gi = load(g + 4L * i).mul(scale);
            FloatVector mi = load(m + 4L * i).mul(beta1).add(gi.mul(rest1));
            FloatVector vi = load(v + 4L * i).mul(beta2).add(gi.mul(rest2).mul(gi));
            store(mi, m + 4L * i);
            store(vi, v + 4L * i);
            FloatVector direction = mi.div(vi.sqrt().mul(root).add(epsilon));
            store(direction.mul(step).add(load(p + 4L * i).mul(keep)), p + 4L * i);
        }
    }
}
