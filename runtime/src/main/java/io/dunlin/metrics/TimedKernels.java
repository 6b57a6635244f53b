package io.dunlin.metrics;

import io.dunlin.device.AdamWStep;
import io.dunlin.device.AttentionShape;
import io.dunlin.device.Kernels;
import io.dunlin.metrics.KernelTimes.Kernel;
import io.dunlin.tensor.Tensor;

/** Passes every call on and notes how long it took. */
final class TimedKernels implements Kernels {
    private final Kernels kernels;
    private final KernelTimes times;

    TimedKernels(Kernels kernels, KernelTimes times) {
        this.kernels = kernels;
        this.times = times;
    }

    @Override
    public void linear(Tensor x, Tensor w, Tensor bias, Tensor residual, Tensor y) {
        long startNs = times.now();
        kernels.linear(x, w, bias, residual, y);
        times.add(Kernel.LINEAR, startNs, product(x, y));
    }

    @Override
    public void linearBackwardInput(Tensor dy, Tensor w, Tensor dx, float beta) {
        long startNs = times.now();
        kernels.linearBackwardInput(dy, w, dx, beta);
        times.add(Kernel.LINEAR_BACKWARD_INPUT, startNs, product(dy, dx));
    }

    @Override
    public void linearBackwardWeight(Tensor dy, Tensor x, Tensor dw, Tensor db, float beta) {
        long startNs = times.now();
        kernels.linearBackwardWeight(dy, x, dw, db, beta);
        times.add(Kernel.LINEAR_BACKWARD_WEIGHT, startNs, product(dy, x));
    }

    @Override
    public void attention(AttentionShape shape, Tensor q, Tensor k, Tensor v, Tensor out, Tensor logSumExp) {
        long startNs = times.now();
        kernels.attention(shape, q, k, v, out, logSumExp);
        times.add(Kernel.ATTENTION, startNs, 2 * scores(shape));
    }

    @Override
    public void attentionBackward(
            AttentionShape shape,
            Tensor q,
            Tensor k,
            Tensor v,
            Tensor out,
            Tensor logSumExp,
            Tensor dout,
            Tensor dq,
            Tensor dk,
            Tensor dv) {
        long startNs = times.now();
        kernels.attentionBackward(shape, q, k, v, out, logSumExp, dout, dq, dk, dv);
        times.add(Kernel.ATTENTION_BACKWARD, startNs, 5 * scores(shape));
    }

    @Override
    public void rope(Tensor x, Tensor cosSin, int time, int headWidth, int direction) {
        long startNs = times.now();
        kernels.rope(x, cosSin, time, headWidth, direction);
        times.add(Kernel.ROPE, startNs, 0);
    }

    @Override
    public void layerNorm(Tensor x, Tensor gain, Tensor bias, float epsilon, Tensor y, Tensor mean, Tensor rstd) {
        long startNs = times.now();
        kernels.layerNorm(x, gain, bias, epsilon, y, mean, rstd);
        times.add(Kernel.NORM, startNs, 0);
    }

    @Override
    public void layerNormBackward(
            Tensor dy,
            Tensor x,
            Tensor gain,
            Tensor mean,
            Tensor rstd,
            Tensor dx,
            Tensor dgain,
            Tensor dbias,
            float beta) {
        long startNs = times.now();
        kernels.layerNormBackward(dy, x, gain, mean, rstd, dx, dgain, dbias, beta);
        times.add(Kernel.NORM_BACKWARD, startNs, 0);
    }

    @Override
    public void rmsNorm(Tensor x, Tensor gain, float epsilon, Tensor y, Tensor rstd) {
        long startNs = times.now();
        kernels.rmsNorm(x, gain, epsilon, y, rstd);
        times.add(Kernel.NORM, startNs, 0);
    }

    @Override
    public void rmsNormBackward(Tensor dy, Tensor x, Tensor gain, Tensor rstd, Tensor dx, Tensor dgain, float beta) {
        long startNs = times.now();
        kernels.rmsNormBackward(dy, x, gain, rstd, dx, dgain, beta);
        times.add(Kernel.NORM_BACKWARD, startNs, 0);
    }

    @Override
    public void gelu(Tensor x, Tensor y) {
        long startNs = times.now();
        kernels.gelu(x, y);
        times.add(Kernel.ACTIVATION, startNs, 0);
    }

    @Override
    public void geluBackward(Tensor dy, Tensor x, Tensor dx) {
        long startNs = times.now();
        kernels.geluBackward(dy, x, dx);
        times.add(Kernel.ACTIVATION_BACKWARD, startNs, 0);
    }

    @Override
    public void swiGlu(Tensor gate, Tensor up, Tensor y) {
        long startNs = times.now();
        kernels.swiGlu(gate, up, y);
        times.add(Kernel.ACTIVATION, startNs, 0);
    }

    @Override
    public void swiGluBackward(Tensor dy, Tensor gate, Tensor up, Tensor dgate, Tensor dup) {
        long startNs = times.now();
        kernels.swiGluBackward(dy, gate, up, dgate, dup);
        times.add(Kernel.ACTIVATION_BACKWARD, startNs, 0);
    }

    @Override
    public void embedding(Tensor tokens, Tensor table, Tensor positions, int time, Tensor y) {
        long startNs = times.now();
        kernels.embedding(tokens, table, positions, time, y);
        times.add(Kernel.EMBEDDING, startNs, 0);
    }

    @Override
    public void embeddingBackward(
            Tensor dy,
            Tensor tokens,
            int time,
            Tensor dtable,
            float tableBeta,
            Tensor dpositions,
            float positionsBeta) {
        long startNs = times.now();
        kernels.embeddingBackward(dy, tokens, time, dtable, tableBeta, dpositions, positionsBeta);
        times.add(Kernel.EMBEDDING_BACKWARD, startNs, 0);
    }

    @Override
    public void crossEntropy(Tensor logits, Tensor targets, Tensor losses, float gradientScale) {
        long startNs = times.now();
        kernels.crossEntropy(logits, targets, losses, gradientScale);
        times.add(Kernel.CROSS_ENTROPY, startNs, 0);
    }

    @Override
    public void crossEntropyLoss(Tensor logits, Tensor targets, Tensor losses) {
        long startNs = times.now();
        kernels.crossEntropyLoss(logits, targets, losses);
        times.add(Kernel.CROSS_ENTROPY, startNs, 0);
    }

    @Override
    public void add(Tensor a, Tensor b, Tensor out) {
        long startNs = times.now();
        kernels.add(a, b, out);
        times.add(Kernel.ELEMENTWISE, startNs, 0);
    }

    @Override
    public void fill(Tensor x, float value) {
        long startNs = times.now();
        kernels.fill(x, value);
        times.add(Kernel.ELEMENTWISE, startNs, 0);
    }

    @Override
    public void copy(Tensor from, Tensor to) {
        long startNs = times.now();
        kernels.copy(from, to);
        times.add(Kernel.ELEMENTWISE, startNs, 0);
    }

    @Override
    public double sumOfSquares(Tensor x) {
        long startNs = times.now();
        double result = kernels.sumOfSquares(x);
        times.add(Kernel.REDUCTION, startNs, 0);
        return result;
    }

    @Override
    public double sum(Tensor x) {
        long startNs = times.now();
        double result = kernels.sum(x);
        times.add(Kernel.REDUCTION, startNs, 0);
        return result;
    }

    @Override
    public void adamW(Tensor value, Tensor gradient, Tensor m, Tensor v, Tensor compute, AdamWStep step) {
        long startNs = times.now();
        kernels.adamW(value, gradient, m, v, compute, step);
        times.add(Kernel.ADAMW, startNs, 0);
    }

    /** Operations of a matrix product of R rows between a and b columns. */
    private static long product(Tensor a, Tensor b) {
        return 2 * a.rows() * a.columns() * b.columns();
    }

    /** Operations of one product of the size of the scores; the half above the diagonal is not counted. */
    private static long scores(AttentionShape shape) {
        long pairs = (long) shape.time() * (shape.time() + 1) / 2;
        return 2 * shape.batch() * shape.heads() * pairs * shape.headWidth();
    }
}
