package io.dunlin.device.cpu;

import static io.dunlin.device.cpu.Lanes.F;
import static io.dunlin.device.cpu.Lanes.W;
import static io.dunlin.device.cpu.Lanes.load;
import static io.dunlin.device.cpu.Lanes.store;

import jdk.incubator.vector.FloatVector;

/** Loops over rows of scores: exponentials and gradients; counts are multiples of {@link Lanes#W}. */
final class SoftmaxLoops {
    private SoftmaxLoops() {}

    /**
     * x becomes e^((x - shift) * scale), where no x is above shift; returns the sum.
     */
    static float exponentials(long x, float shift, float scale, int count) {
        FloatVector sum = FloatVector.zero(F);
        for (int i = 0; i < count; i += W) {
            FloatVector e = Lanes.expOfNegative(load(x + 4L * i).sub(shift).mul(scale));
            store(e, x + 4L * i);
            sum = sum.add(e);
        }
        return Lanes.sum(sum);
    }

    /** As {@link #exponentials}, with the results rounded to BF16 in {@code to} instead of x. */
    static float narrowExponentials(long x, long to, float shift, float scale, int count) {
        FloatVector sum = FloatVector.zero(F);
        for (int i = 0; i < count; i += W) {
            FloatVector e = Lanes.expOfNegative(load(x + 4L * i).sub(shift).mul(scale));
            Lanes.storeNarrow(e, to + 2L * i);
            sum = sum.add(e);
        }
        return Lanes.sum(sum);
    }

    /**
     * s becomes p = e^(s * scale - logSumExp), and dp becomes p * (dp - delta) * scale.
     */
    static void backward(long s, long dp, float scale, float logSumExp, float delta, int count) {
        for (int i = 0; i < count; i += W) {
            FloatVector p = Lanes.expOfNegative(load(s + 4L * i).mul(scale).sub(logSumExp));
            store(p, s + 4L * i);
            store(load(dp + 4L * i).sub(delta).mul(scale).mul(p), dp + 4L * i);
        }
    }

    /** As {@link #backward}, with the results rounded to BF16 in p and ds. */
    static void narrowBackward(
            long s, long dp, long toP, long toDs, float scale, float logSumExp, float delta, int count) {
        for (int i = 0; i < count; i += W) {
            FloatVector p = Lanes.expOfNegative(load(s + 4L * i).mul(scale).sub(logSumExp));
            Lanes.storeNarrow(p, toP + 2L * i);
            Lanes.storeNarrow(load(dp + 4L * i).sub(delta).mul(scale).mul(p), toDs + 2L * i);
        }
    }
}
