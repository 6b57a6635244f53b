package io.dunlin.device.cpu;

import static io.dunlin.device.cpu.Lanes.F;
import static io.dunlin.device.cpu.Lanes.W;
import static io.dunlin.device.cpu.Lanes.load;
import static io.dunlin.device.cpu.Lanes.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** Loops of layer norm and RMS norm over one row. */
final class NormLoops {
    private NormLoops() {}

    static float sum(long x, int count) {
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

    static float squares(long x, float mean, int count) {
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

    static void scaleAndShift(long x, float mean, float scale, long gain, long bias, long y, int count) {
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

    static void scale(long x, float scale, long gain, long y, int count) {
        int i = 0;
        for (int bound = F.loopBound(count); i < bound; i += W) {
            store(load(x + 4L * i).mul(scale).mul(load(gain + 4L * i)), y + 4L * i);
        }
        if (i < count) {
            VectorMask<Float> rest = Lanes.first(count - i);
            store(load(x + 4L * i, rest).mul(scale).mul(load(gain + 4L * i, rest)), y + 4L * i, rest);
        }
    }

    static float dot(long a, long b, int count) {
        FloatVector sum = FloatVector.zero(F);
        int i = 0;
        for (int bound = F.loopBound(count); i < bound; i += W) {
            sum = load(a + 4L * i).fma(load(b + 4L * i), sum);
        }
        if (i < count) {
            VectorMask<Float> rest = Lanes.first(count - i);
            sum = load(a + 4L * i, rest).fma(load(b + 4L * i, rest), sum);
        }
        return Lanes.sum(sum);
    }

    /** Sum of dy * gain * (x - mean) * rstd. */
    static float dotNormal(long dy, long gain, long x, float mean, float rstd, int count) {
        FloatVector sum = FloatVector.zero(F);
        int i = 0;
        for (int bound = F.loopBound(count); i < bound; i += W) {
            FloatVector g = load(dy + 4L * i).mul(load(gain + 4L * i));
            sum = g.fma(load(x + 4L * i).sub(mean).mul(rstd), sum);
        }
        if (i < count) {
            VectorMask<Float> rest = Lanes.first(count - i);
            FloatVector g = load(dy + 4L * i, rest).mul(load(gain + 4L * i, rest));
            sum = g.fma(load(x + 4L * i, rest).sub(mean).mul(rstd), sum);
        }
        return Lanes.sum(sum);
    }

    /** dx += rstd * (dy * gain - meanOfG - normal * meanOfGNormal). */
    static void dinput(
            long dy,
            long gain,
            long x,
            long before,
            long after,
            float mean,
            float rstd,
            float meanOfG,
            float meanOfGNormal,
            int count) {
        int i = 0;
        for (int bound = F.loopBound(count); i < bound; i += W) {
            FloatVector normal = load(x + 4L * i).sub(mean).mul(rstd);
            FloatVector g = load(dy + 4L * i).mul(load(gain + 4L * i)).sub(meanOfG);
            FloatVector change = normal.mul(-meanOfGNormal).add(g).mul(rstd);
            store(load(before + 4L * i).add(change), after + 4L * i);
        }
        if (i < count) {
            VectorMask<Float> rest = Lanes.first(count - i);
            FloatVector normal = load(x + 4L * i, rest).sub(mean).mul(rstd);
            FloatVector g =
                    load(dy + 4L * i, rest).mul(load(gain + 4L * i, rest)).sub(meanOfG);
            FloatVector change = normal.mul(-meanOfGNormal).add(g).mul(rstd);
            store(load(before + 4L * i, rest).add(change), after + 4L * i, rest);
        }
    }

    /** sum += dy * (x - mean) * rstd. */
    static void addGain(long dy, long x, float mean, float rstd, long sum, int count) {
        int i = 0;
        for (int bound = F.loopBound(count); i < bound; i += W) {
            FloatVector normal = load(x + 4L * i).sub(mean).mul(rstd);
            store(normal.fma(load(dy + 4L * i), load(sum + 4L * i)), sum + 4L * i);
        }
        if (i < count) {
            VectorMask<Float> rest = Lanes.first(count - i);
            FloatVector normal = load(x + 4L * i, rest).sub(mean).mul(rstd);
            store(normal.fma(load(dy + 4L * i, rest), load(sum + 4L * i, rest)), sum + 4L * i, rest);
        }
    }
}
