package io.dunlin.device.cpu;

import static io.dunlin.device.cpu.Lanes.F;
import static io.dunlin.device.cpu.Lanes.W;
import static io.dunlin.device.cpu.Lanes.load;
import static io.dunlin.device.cpu.Lanes.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** Rows of attention scores, on vectors. */
final class Softmax {
    private Softmax() {}

    static float max(long x, int count) {
        FloatVector max = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
        int i = 0;
        for (int bound = F.loopBound(count); i < bound; i += W) {
            max = max.max(load(x + 4L * i));
        }
        float result = max.reduceLanes(VectorOperators.MAX);
        for (; i < count; i++) {
            result = Math.max(result, Memory.f32(x + 4L * i));
        }
        return result;
    }

    /** x becomes e^((x - shift) * scale); returns the sum. */
    static float exponentials(long x, float shift, float scale, int count) {
        FloatVector even = FloatVector.zero(F);
        FloatVector odd = FloatVector.zero(F);
        int i = 0;
        for (; i + 2 * W <= count; i += 2 * W) {
            FloatVector a = Lanes.exp(load(x + 4L * i).sub(shift).mul(scale));
            FloatVector b = Lanes.exp(load(x + 4L * (i + W)).sub(shift).mul(scale));
            store(a, x + 4L * i);
            store(b, x + 4L * (i + W));
            even = even.add(a);
            odd = odd.add(b);
        }
        float sum = Lanes.sum(even.add(odd));
        return i < count ? sum + exponentialsOfRest(x + 4L * i, shift, scale, count - i) : sum;
    }

    private static float exponentialsOfRest(long x, float shift, float scale, int count) {
        FloatVector sum = FloatVector.zero(F);
        for (int i = 0; i < count; i += W) {
            VectorMask<Float> rest = Lanes.first(count - i);
            FloatVector a = Lanes.exp(load(x + 4L * i, rest).sub(shift).mul(scale));
            store(a, x + 4L * i, rest);
            sum = sum.add(a, rest);
        }
        return Lanes.sum(sum);
    }

    /** s becomes p = e^(s * scale - logSumExp), and dp becomes p * (dp - delta) * scale. */
    static void backward(long s, long dp, float scale, float logSumExp, float delta, int count) {
        int i = 0;
        for (int bound = F.loopBound(count); i < bound; i += W) {
            FloatVector p = Lanes.exp(load(s + 4L * i).mul(scale).sub(logSumExp));
            store(p, s + 4L * i);
            store(load(dp + 4L * i).sub(delta).mul(scale).mul(p), dp + 4L * i);
        }
        if (i < count) {
            VectorMask<Float> rest = Lanes.first(count - i);
            FloatVector p = Lanes.exp(load(s + 4L * i, rest).mul(scale).sub(logSumExp));
            store(p, s + 4L * i, rest);
            store(load(dp + 4L * i, rest).sub(delta).mul(scale).mul(p), dp + 4L * i, rest);
        }
    }

    static void scale(long x, float factor, int count) {
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
