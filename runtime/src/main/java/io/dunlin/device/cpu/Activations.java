package io.dunlin.device.cpu;

import static io.dunlin.device.cpu.Lanes.F;
import static io.dunlin.device.cpu.Lanes.W;
import static io.dunlin.device.cpu.Lanes.load;
import static io.dunlin.device.cpu.Lanes.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * GELU and SwiGLU on vectors.
 *
 * <p>GELU in GPT-2's form is x * sigmoid(2u) with u = sqrt(2/pi) (x + 0.044715 x^3), because (1 + tanh u) / 2 is
 * sigmoid(2u); so all of these need one exponential.
 */
final class Activations {
    private static final float TWO_ROOT_2_OVER_PI = (float) (2 * Math.sqrt(2 / Math.PI));
    private static final float CUBIC = 0.044715f;

    private Activations() {}

    /** y = gelu(x). */
    static final class Gelu extends Elementwise {
        Gelu(Team team, Scratch scratch) {
            super(team, scratch);
        }

        @Override
        void compute(long[] at, int count) {
            gelu(at[0], at[3], count);
        }
    }

    /** dx = dy * gelu'(x); inputs dy, x. */
    static final class GeluBackward extends Elementwise {
        GeluBackward(Team team, Scratch scratch) {
            super(team, scratch);
        }

        @Override
        void compute(long[] at, int count) {
            geluBackward(at[0], at[1], at[3], count);
        }
    }

    /** y = gate * sigmoid(gate) * up; inputs gate, up. */
    static final class SwiGlu extends Elementwise {
        SwiGlu(Team team, Scratch scratch) {
            super(team, scratch);
        }

        @Override
        void compute(long[] at, int count) {
            swiGlu(at[0], at[1], at[3], count);
        }
    }

    /** dgate and dup; inputs dy, gate, up. */
    static final class SwiGluBackward extends Elementwise {
        SwiGluBackward(Team team, Scratch scratch) {
            super(team, scratch);
        }

        @Override
        void compute(long[] at, int count) {
            swiGluBackward(at, count);
        }
    }

    private static FloatVector gelu(FloatVector x) {
        FloatVector twoU = x.mul(x).fma(TWO_ROOT_2_OVER_PI * CUBIC, TWO_ROOT_2_OVER_PI).mul(x);
        return x.div(Lanes.exp(twoU.neg()).add(1f));
    }

    private static FloatVector geluSlope(FloatVector x) {
        FloatVector square = x.mul(x);
        FloatVector twoU = square.fma(TWO_ROOT_2_OVER_PI * CUBIC, TWO_ROOT_2_OVER_PI).mul(x);
        FloatVector slopeOfTwoU = square.fma(3 * TWO_ROOT_2_OVER_PI * CUBIC, TWO_ROOT_2_OVER_PI);
        FloatVector s = Lanes.sigmoid(twoU);
        FloatVector bend = s.mul(s.neg().add(1f));
        return bend.mul(x).fma(slopeOfTwoU, s);
    }

    private static void gelu(long x, long y, int count) {
        int i = 0;
        for (int bound = F.loopBound(count); i < bound; i += W) {
            store(gelu(load(x + 4L * i)), y + 4L * i);
        }
        if (i < count) {
            VectorMask<Float> rest = Lanes.first(count - i);
            store(gelu(load(x + 4L * i, rest)), y + 4L * i, rest);
        }
    }

    private static void geluBackward(long dy, long x, long dx, int count) {
        int i = 0;
        for (int bound = F.loopBound(count); i < bound; i += W) {
            store(geluSlope(load(x + 4L * i)).mul(load(dy + 4L * i)), dx + 4L * i);
        }
        if (i < count) {
            VectorMask<Float> rest = Lanes.first(count - i);
            store(geluSlope(load(x + 4L * i, rest)).mul(load(dy + 4L * i, rest)), dx + 4L * i, rest);
        }
    }

    private static void swiGlu(long gate, long up, long y, int count) {
        int i = 0;
        for (int bound = F.loopBound(count); i < bound; i += W) {
            FloatVector g = load(gate + 4L * i);
            store(g.mul(Lanes.sigmoid(g)).mul(load(up + 4L * i)), y + 4L * i);
        }
        if (i < count) {
            VectorMask<Float> rest = Lanes.first(count - i);
            FloatVector g = load(gate + 4L * i, rest);
            store(g.mul(Lanes.sigmoid(g)).mul(load(up + 4L * i, rest)), y + 4L * i, rest);
        }
    }

    private static void swiGluBackward(long[] at, int count) {
        long dy = at[0];
        long gate = at[1];
        long up = at[2];
        long dgate = at[3];
        long dup = at[4];
        int i = 0;
        for (int bound = F.loopBound(count); i < bound; i += W) {
            FloatVector gradient = load(dy + 4L * i);
            FloatVector g = load(gate + 4L * i);
            FloatVector s = Lanes.sigmoid(g);
            FloatVector slope = s.neg().add(1f).mul(g).add(1f).mul(s);
            FloatVector u = load(up + 4L * i);
            store(gradient.mul(u).mul(slope), dgate + 4L * i);
            store(gradient.mul(g).mul(s), dup + 4L * i);
        }
        if (i < count) {
            VectorMask<Float> rest = Lanes.first(count - i);
            FloatVector gradient = load(dy + 4L * i, rest);
            FloatVector g = load(gate + 4L * i, rest);
            FloatVector s = Lanes.sigmoid(g);
            FloatVector slope = s.neg().add(1f).mul(g).add(1f).mul(s);
            FloatVector u = load(up + 4L * i, rest);
            store(gradient.mul(u).mul(slope), dgate + 4L * i, rest);
            store(gradient.mul(g).mul(s), dup + 4L * i, rest);
        }
    }
}
