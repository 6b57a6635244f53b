package io.dunlin.device.cpu;

import io.dunlin.device.AdamWStep;
import io.dunlin.device.AttentionShape;
import io.dunlin.device.Kernels;
import io.dunlin.tensor.Tensor;

/**
 * The kernels that training runs. Each kernel is one object that holds the operands of the call in progress and computes
 * tiles on any worker; nothing is allocated per call once the shapes of a step have been seen.
 */
final class FastKernels implements Kernels {
    private static final Tensor NONE = Tensor.NONE;

    private final MatrixProducts products;
    private final BlockedAttention attention;
    private final BlockedAttentionBackward attentionBackward;
    private final Rotation rotation;
    private final Norms norms;
    private final NormsBackward normsBackward;
    private final Elementwise gelu;
    private final Elementwise geluBackward;
    private final Elementwise swiGlu;
    private final Elementwise swiGluBackward;
    private final Embeddings embeddings;
    private final Embeddings.Backward embeddingsBackward;
    private final CrossEntropy crossEntropy;
    private final Elementwise add;
    private final Elementwise copy;
    private final Simple.Fill fill;
    private final Reductions.SumOfSquares sumOfSquares;
    private final AdamW adamW;

    FastKernels(Team team, ProductEngine engine, Scratch scratch) {
        products = new MatrixProducts(team, engine, scratch);
        attention = new BlockedAttention(team, engine, scratch);
        attentionBackward = new BlockedAttentionBackward(team, engine, scratch);
        rotation = new Rotation(team, scratch);
        norms = new Norms(team, scratch);
        normsBackward = new NormsBackward(team, scratch);
        gelu = new Activations.Gelu(team, scratch);
        geluBackward = new Activations.GeluBackward(team, scratch);
        swiGlu = new Activations.SwiGlu(team, scratch);
        swiGluBackward = new Activations.SwiGluBackward(team, scratch);
        embeddings = new Embeddings(team, scratch);
        embeddingsBackward = new Embeddings.Backward(team, scratch);
        crossEntropy = new CrossEntropy(team, scratch);
        add = new Simple.Add(team, scratch);
        copy = new Simple.Copy(team, scratch);
        fill = new Simple.Fill(team, scratch);
        sumOfSquares = new Reductions.SumOfSquares(team, scratch);
        adamW = new AdamW(team);
    }

    @Override
    public void linear(Tensor x, Tensor w, Tensor bias, Tensor residual, Tensor y) {
        products.linear(x, w, bias, residual, y);
    }

    @Override
    public void linearBackwardInput(Tensor dy, Tensor w, Tensor dx, float beta) {
        products.backwardInput(dy, w, dx, beta);
    }

    @Override
    public void linearBackwardWeight(Tensor dy, Tensor x, Tensor dw, Tensor db, float beta) {
        products.backwardWeight(dy, x, dw, db, beta);
    }

    @Override
    public void attention(AttentionShape shape, Tensor q, Tensor k, Tensor v, Tensor out, Tensor logSumExp) {
        attention.run(shape, q, k, v, out, logSumExp);
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
        attentionBackward.run(shape, q, k, v, out, logSumExp, dout, dq, dk, dv);
    }

    @Override
    public void rope(Tensor x, Tensor cosSin, int time, int headWidth, int direction) {
        rotation.run(x, cosSin, time, headWidth, direction);
    }

    @Override
    public void layerNorm(Tensor x, Tensor gain, Tensor bias, float epsilon, Tensor y, Tensor mean, Tensor rstd) {
        norms.layerNorm(x, gain, bias, epsilon, y, mean, rstd);
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
        normsBackward.run(dy, x, gain, mean, rstd, dx, dgain, dbias, beta);
    }

    @Override
    public void rmsNorm(Tensor x, Tensor gain, float epsilon, Tensor y, Tensor rstd) {
        norms.rmsNorm(x, gain, epsilon, y, rstd);
    }

    @Override
    public void rmsNormBackward(Tensor dy, Tensor x, Tensor gain, Tensor rstd, Tensor dx, Tensor dgain, float beta) {
        normsBackward.run(dy, x, gain, NONE, rstd, dx, dgain, NONE, beta);
    }

    @Override
    public void gelu(Tensor x, Tensor y) {
        gelu.run(x, NONE, NONE, y, NONE);
    }

    @Override
    public void geluBackward(Tensor dy, Tensor x, Tensor dx) {
        geluBackward.run(dy, x, NONE, dx, NONE);
    }

    @Override
    public void swiGlu(Tensor gate, Tensor up, Tensor y) {
        swiGlu.run(gate, up, NONE, y, NONE);
    }

    @Override
    public void swiGluBackward(Tensor dy, Tensor gate, Tensor up, Tensor dgate, Tensor dup) {
        swiGluBackward.run(dy, gate, up, dgate, dup);
    }

    @Override
    public void embedding(Tensor tokens, Tensor table, Tensor positions, int time, Tensor y) {
        embeddings.run(tokens, table, positions, time, y);
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
        if (tableBeta == 0) {
            fill(dtable, 0);
        }
        if (dpositions.present() && positionsBeta == 0) {
            fill(dpositions, 0);
        }
        embeddingsBackward.run(dy, tokens, time, dtable, dpositions);
    }

    @Override
    public void crossEntropy(Tensor logits, Tensor targets, Tensor losses, float gradientScale) {
        crossEntropy.lossAndGradient(logits, targets, losses, gradientScale);
    }

    @Override
    public void crossEntropyLoss(Tensor logits, Tensor targets, Tensor losses) {
        crossEntropy.loss(logits, targets, losses);
    }

    @Override
    public void add(Tensor a, Tensor b, Tensor out) {
        add.run(a, b, NONE, out, NONE);
    }

    @Override
    public void fill(Tensor x, float value) {
        fill.with(value).run(NONE, NONE, NONE, x, NONE);
    }

    @Override
    public void copy(Tensor from, Tensor to) {
        copy.run(from, NONE, NONE, to, NONE);
    }

    @Override
    public double sumOfSquares(Tensor x) {
        return sumOfSquares.run(x);
    }

    @Override
    public double sum(Tensor x) {
        return Reductions.sum(x);
    }

    @Override
    public void adamW(Tensor value, Tensor gradient, Tensor m, Tensor v, Tensor compute, AdamWStep step) {
        adamW.run(value, gradient, m, v, compute, step);
    }
}
