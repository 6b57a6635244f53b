package io.dunlin.model;

import io.dunlin.device.AdamWStep;
import io.dunlin.device.AttentionShape;
import io.dunlin.device.Kernels;
import io.dunlin.tensor.Tensor;

/** The kernels of {@link AbsentDevice}: there are none. */
final class AbsentKernels implements Kernels {
    private static UnsupportedOperationException absent() {
        return new UnsupportedOperationException("a device that is only planned with cannot compute");
    }

    @Override
    public void linear(Tensor x, Tensor w, Tensor bias, Tensor residual, Tensor y) {
        throw absent();
    }

    @Override
    public void linearBackwardInput(Tensor dy, Tensor w, Tensor dx, float beta) {
        throw absent();
    }

    @Override
    public void linearBackwardWeight(Tensor dy, Tensor x, Tensor dw, Tensor db, float beta) {
        throw absent();
    }

    @Override
    public void attention(AttentionShape shape, Tensor q, Tensor k, Tensor v, Tensor out, Tensor logSumExp) {
        throw absent();
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
        throw absent();
    }

    @Override
    public void rope(Tensor x, Tensor cosSin, int time, int headWidth, int direction) {
        throw absent();
    }

    @Override
    public void layerNorm(Tensor x, Tensor gain, Tensor bias, float epsilon, Tensor y, Tensor mean, Tensor rstd) {
        throw absent();
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
        throw absent();
    }

    @Override
    public void rmsNorm(Tensor x, Tensor gain, float epsilon, Tensor y, Tensor rstd) {
        throw absent();
    }

    @Override
    public void rmsNormBackward(Tensor dy, Tensor x, Tensor gain, Tensor rstd, Tensor dx, Tensor dgain, float beta) {
        throw absent();
    }

    @Override
    public void gelu(Tensor x, Tensor y) {
        throw absent();
    }

    @Override
    public void geluBackward(Tensor dy, Tensor x, Tensor dx) {
        throw absent();
    }

    @Override
    public void swiGlu(Tensor gate, Tensor up, Tensor y) {
        throw absent();
    }

    @Override
    public void swiGluBackward(Tensor dy, Tensor gate, Tensor up, Tensor dgate, Tensor dup) {
        throw absent();
    }

    @Override
    public void embedding(Tensor tokens, Tensor table, Tensor positions, int time, Tensor y) {
        throw absent();
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
        throw absent();
    }

    @Override
    public void crossEntropy(Tensor logits, Tensor targets, Tensor losses, float gradientScale) {
        throw absent();
    }

    @Override
    public void crossEntropyLoss(Tensor logits, Tensor targets, Tensor losses) {
        throw absent();
    }

    @Override
    public void add(Tensor a, Tensor b, Tensor out) {
        throw absent();
    }

    @Override
    public void fill(Tensor x, float value) {
        throw absent();
    }

    @Override
    public void copy(Tensor from, Tensor to) {
        throw absent();
    }

    @Override
    public double sumOfSquares(Tensor x) {
        throw absent();
    }

    @Override
    public double sum(Tensor x) {
        throw absent();
    }

    @Override
    public void adamW(Tensor value, Tensor gradient, Tensor m, Tensor v, Tensor compute, AdamWStep step) {
        throw absent();
    }
}
