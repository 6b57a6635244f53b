package io.dunlin.device.cpu;

import static io.dunlin.device.cpu.Lanes.W;
import static io.dunlin.device.cpu.Lanes.load;
import static io.dunlin.device.cpu.Lanes.store;

import jdk.incubator.vector.FloatVector;

/** Loops of GELU and SwiGLU; counts are multiples of {@link Lanes#W}. */
final class ActivationLoops {
    private ActivationLoops() {}

    static void gelu(long x, long y, int count) {
        for (int i = 0; i < count; i += W) {
            store(Activations.gelu(load(x + 4L * i)), y + 4L * i);
        }
    }

    static void geluBackward(long dy, long x, long dx, int count) {
        for (int i = 0; i < count; i += W) {
            store(Activations.geluSlope(load(x + 4L * i)).mul(load(dy + 4L * i)), dx + 4L * i);
        }
    }

    static void swiGlu(long gate, long up, long y, int count) {
        for (int i = 0; i < count; i += W) {
            FloatVector g = load(gate + 4L * i);
            store(g.mul(Lanes.sigmoid(g)).mul(load(up + 4L * i)), y + 4L * i);
        }
    }

    static void swiGluBackward(long[] at, int count) {
        long dy = at[0];
        long gate = at[1];
        long up = at[2];
        long dgate = at[3];
        long dup = at[4];
        for (int i = 0; i < count; i += W) {
            FloatVector gradient = load(dy + 4L * i);
            FloatVector g = load(gate + 4L * i);
            FloatVector s = Lanes.sigmoid(g);
            FloatVector slope = Lanes.ONE.sub(s).fma(g, Lanes.ONE).mul(s);
            FloatVector u = load(up + 4L * i);
            store(gradient.mul(u).mul(slope), dgate + 4L * i);
            store(gradient.mul(g).mul(s), dup + 4L * i);
        }
    }
}
