package io.dunlin.device.cuda;

import io.dunlin.tensor.Philox;
import io.dunlin.tensor.Tensor;

/**
 * Random numbers by their counters, however a tensor is cut into pieces: signs and the bits that normals are made of are
 * the same on every device; of normals the last digits may differ, as logarithms and cosines do.
 */
final class NoiseKernels {
    private final KernelLauncher launcher;
    private final KernelLauncher.Entry normal;
    private final KernelLauncher.Entry rademacher;

    NoiseKernels(KernelLauncher launcher) {
        this.launcher = launcher;
        normal = launcher.entry("noise_normal");
        rademacher = launcher.entry("noise_rademacher");
    }

    /** x[i] = beta * x[i] + a * random.normal(lane, first + i), for a dense F32 tensor; the normal is rounded to F32. */
    void normal(Tensor x, Philox random, Counters counters, float a, float beta) {
        draw(normal, x, random, counters, a, beta);
    }

    /**
     * x[i] = beta * x[i] + a * s, where s of element e = first + i is -1 if bit e % 64 of {@code random.bits(lane,
     * e / 128, e / 64 % 2)} is set, and else 1.
     */
    void rademacher(Tensor x, Philox random, Counters counters, float a, float beta) {
        draw(rademacher, x, random, counters, a, beta);
    }

    private void draw(KernelLauncher.Entry entry, Tensor x, Philox random, Counters counters, float a, float beta) {
        launcher.begin(entry).vector(x).number(x.elements()).number(random.key());
        launcher.number(counters.lane).number(counters.first).real(a).real(beta).overElements(1, x.elements());
    }

    /**
     * Which numbers of a generator.
     *
     * @param lane an independent sequence
     * @param first index of the first number
     */
    record Counters(long lane, long first) {}
}
