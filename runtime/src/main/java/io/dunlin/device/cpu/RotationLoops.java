package io.dunlin.device.cpu;

import static io.dunlin.device.cpu.Lanes.F;
import static io.dunlin.device.cpu.Lanes.W;
import static io.dunlin.device.cpu.Lanes.load;
import static io.dunlin.device.cpu.Lanes.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** The loop of rotary position embedding over one head. */
final class RotationLoops {
    private RotationLoops() {}

    static void rotate(long x, long cosines, int half, float direction) {
        long y = x + 4L * half;
        long sines = cosines + 4L * half;
        int i = 0;
        for (int bound = F.loopBound(half); i < bound; i += W) {
            FloatVector a = load(x + 4L * i);
            FloatVector b = load(y + 4L * i);
            FloatVector cos = load(cosines + 4L * i);
            FloatVector sin = load(sines + 4L * i).mul(direction);
            store(a.mul(cos).sub(b.mul(sin)), x + 4L * i);
            store(b.mul(cos).add(a.mul(sin)), y + 4L * i);
        }
        if (i < half) {
            VectorMask<Float> rest = Lanes.first(half - i);
            FloatVector a = load(x + 4L * i, rest);
            FloatVector b = load(y + 4L * i, rest);
            FloatVector cos = load(cosines + 4L * i, rest);
            FloatVector sin = load(sines + 4L * i, rest).mul(direction);
            store(a.mul(cos).sub(b.mul(sin)), x + 4L * i, rest);
            store(b.mul(cos).add(a.mul(sin)), y + 4L * i, rest);
        }
    }
}
