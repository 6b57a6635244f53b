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

    /** Puts the sums of g = dy * gain and of g * (x - mean) * rstd at {@code sums}. */
    static void sumsOfGradient(long dy, long gain, long x, float mean, float rstd, int count, long sums) {
        FloatVector sumOfG = FloatVector.zero(F);
        FloatVector sumOfGNormal = FloatVector.zero(F);
        int i = 0;
        for (int bound = F.loopBound(count); i < bound; i += W) {
            FloatVector g = load(dy + 4L * i).mul(load(gain + 4L * i));
            sumOfG = sumOfG.add(g);
            sumOfGNormal = g.fma(load(x + 4L * i).sub(mean).mul(rstd), sumOfGNormal);
        }
        if (i < count) {
            VectorMask<Float> rest = Lanes.first(count - i);
            FloatVector g = load(dy + 4L * i, rest).mul(load(gain + 4L * i, rest));
            sumOfG = sumOfG.add(g);
            sumOfGNormal = g.fma(load(x + 4L * i, rest).sub(mean).mul(rstd), sumOfGNormal);
        }
        Memory.f32(sums, Lanes.sum(sumOfG));
        Memory.f32(sums + 4, Lanes.sum(sumOfGNormal));
    }

    /** What the backward loop reads and writes for one row. */
    static final class BackwardRow {
        long dy;
        long gain;
        long x;
        long dxBefore;
        long dxAfter;
        long dgain;
        long dbias;
        float mean;
        float rstd;
        float meanOfG;
        float meanOfGNormal;

        /** Goes on {@code count} elements. */
        void skip(int count) {
            long bytes = (long) count * Float.BYTES;
            dy += bytes;
            gain += bytes;
            x += bytes;
            dxBefore += bytes;
            dxAfter += bytes;
            dgain += bytes;
            dbias += bytes;
        }
    }

    /** dx += rstd * (dy * gain - meanOfG - normal * meanOfGNormal); dgain += dy * normal; dbias += dy. */
    static void backward(BackwardRow row, int count) {
        long dy = row.dy;
        long gain = row.gain;
        long x = row.x;
        long before = row.dxBefore;
        long after = row.dxAfter;
        long dgain = row.dgain;
        long dbias = row.dbias;
        float mean = row.mean;
        float rstd = row.rstd;
        float meanOfG = row.meanOfG;
        float minusMeanOfGNormal = -row.meanOfGNormal;
        for (int i = 0; i < count; i += W) {
            FloatVector gradient = load(dy + 4L * i);
            FloatVector normal = load(x + 4L * i).sub(mean).mul(rstd);
            FloatVector g = gradient.mul(load(gain + 4L * i)).sub(meanOfG);
            FloatVector change = normal.mul(minusMeanOfGNormal).add(g).mul(rstd);
            store(load(before + 4L * i).add(change), after + 4L * i);
            store(normal.fma(gradient, load(dgain + 4L * i)), dgain + 4L * i);
            store(gradient.add(load(dbias + 4L * i)), dbias + 4L * i);
        }
    }

    /** As {@link #backward}, for the last {@code count} elements, fewer than a vector has. */
    static void backwardRest(BackwardRow row, int count) {
        for (int i = 0; i < count; i++) {
            float gradient = Memory.f32(row.dy + 4L * i);
            float normal = (Memory.f32(row.x + 4L * i) - row.mean) * row.rstd;
            float g = gradient * Memory.f32(row.gain + 4L * i) - row.meanOfG;
            float change = (normal * -row.meanOfGNormal + g) * row.rstd;
            Memory.f32(row.dxAfter + 4L * i, Memory.f32(row.dxBefore + 4L * i) + change);
            Memory.f32(row.dgain + 4L * i, Math.fma(normal, gradient, Memory.f32(row.dgain + 4L * i)));
            Memory.f32(row.dbias + 4L * i, gradient + Memory.f32(row.dbias + 4L * i));
        }
    }
}
