package io.dunlin.device.cuda;

import io.dunlin.device.AdamWStep;
import io.dunlin.device.AttentionShape;
import io.dunlin.device.Kernels;
import io.dunlin.tensor.Tensor;

/**
 * The kernels of one stream of a GPU: kernels.cu, and cuBLAS for matrix products.
 *
 * <p>Every call only puts work on the stream, except {@link #sum} and {@link #sumOfSquares}, which wait for it. Tensors
 * lie in device memory.
 */
final class CudaKernels implements Kernels {
    private final ElementwiseKernels elementwise;
    private final RowKernels rows;
    private final AttentionKernels attention;
    private final ReductionKernels reductions;
    private final CudaProducts products;
    private final NoiseKernels noise;
    private final BlockCodec codec;

    /**
     * Makes them; only on the owner of the context.
     *
     * @param module of kernels.ptx
     * @param blas of this stream
     */
    CudaKernels(CudaStream stream, KernelModule module, Blas blas) {
        KernelLauncher launcher = new KernelLauncher(stream, module);
        DeviceScratch scratch = new DeviceScratch(stream.device());
        elementwise = new ElementwiseKernels(launcher);
        rows = new RowKernels(launcher, scratch, elementwise);
        attention = new AttentionKernels(launcher, scratch);
        reductions = new ReductionKernels(launcher, scratch, stream);
        products = new CudaProducts(stream, blas, elementwise, rows);
        noise = new NoiseKernels(launcher);
        codec = new BlockCodec(launcher);
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
        attention.forward(shape, q, k, v, out, logSumExp);
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
        attention.backward(shape, q, k, v, out, logSumExp, new AttentionKernels.Gradients(dout, dq, dk, dv));
    }

    @Override
    public void rope(Tensor x, Tensor cosSin, int time, int headWidth, int direction) {
        elementwise.rope(x, cosSin, time, headWidth, direction);
    }

    @Override
    public void layerNorm(Tensor x, Tensor gain, Tensor bias, float epsilon, Tensor y, Tensor mean, Tensor rstd) {
        rows.norm(x, gain, bias, epsilon, y, mean, rstd);
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
        rows.normBackwardGain(dy, x, mean, rstd, dgain, dbias, beta);
        rows.normBackwardInput(dy, x, gain, mean, rstd, dx);
    }

    @Override
    public void rmsNorm(Tensor x, Tensor gain, float epsilon, Tensor y, Tensor rstd) {
        rows.norm(x, gain, Tensor.NONE, epsilon, y, Tensor.NONE, rstd);
    }

    @Override
    public void rmsNormBackward(Tensor dy, Tensor x, Tensor gain, Tensor rstd, Tensor dx, Tensor dgain, float beta) {
        rows.normBackwardGain(dy, x, Tensor.NONE, rstd, dgain, Tensor.NONE, beta);
        rows.normBackwardInput(dy, x, gain, Tensor.NONE, rstd, dx);
    }

    @Override
    public void gelu(Tensor x, Tensor y) {
        elementwise.gelu(x, y);
    }

    @Override
    public void geluBackward(Tensor dy, Tensor x, Tensor dx) {
        elementwise.geluBackward(dy, x, dx);
    }

    @Override
    public void swiGlu(Tensor gate, Tensor up, Tensor y) {
        elementwise.swiGlu(gate, up, y);
    }

    @Override
    public void swiGluBackward(Tensor dy, Tensor gate, Tensor up, Tensor dgate, Tensor dup) {
        elementwise.swiGluBackward(dy, gate, up, dgate, dup);
    }

    @Override
    public void embedding(Tensor tokens, Tensor table, Tensor positions, int time, Tensor y) {
        rows.embedding(tokens, table, positions, time, y);
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
        rows.embeddingBackward(dy, tokens, dtable, tableBeta);
        if (dpositions.present()) {
            rows.positionBackward(dy, time, dpositions, positionsBeta);
        }
    }

    @Override
    public void crossEntropy(Tensor logits, Tensor targets, Tensor losses, float gradientScale) {
        rows.crossEntropy(logits, targets, losses, gradientScale);
    }

    @Override
    public void crossEntropyLoss(Tensor logits, Tensor targets, Tensor losses) {
        rows.crossEntropyLoss(logits, targets, losses);
    }

    @Override
    public void add(Tensor a, Tensor b, Tensor out) {
        elementwise.add(a, b, out);
    }

    @Override
    public void fill(Tensor x, float value) {
        elementwise.fill(x, value);
    }

    @Override
    public void copy(Tensor from, Tensor to) {
        elementwise.copy(from, to);
    }

    /** y = a x + y; dense tensors. */
    void axpy(float a, Tensor x, Tensor y) {
        elementwise.axpy(a, x, y);
    }

    /** x = a x; a dense tensor. */
    void scale(Tensor x, float a) {
        elementwise.scale(x, a);
    }

    @Override
    public double sumOfSquares(Tensor x) {
        return reductions.sumOfSquares(x);
    }

    /** How many elements of what {@link #sumOfSquares} was last given are NaN or infinite: counted in that pass. */
    long notFinite() {
        return reductions.notFinite();
    }

    @Override
    public double sum(Tensor x) {
        return reductions.sum(x);
    }

    @Override
    public void adamW(Tensor value, Tensor gradient, Tensor m, Tensor v, Tensor compute, AdamWStep step) {
        elementwise.adamW(value, gradient, m, v, compute, step);
    }

    /** Random numbers. */
    NoiseKernels noise() {
        return noise;
    }

    /** Block quantisation. */
    BlockCodec codec() {
        return codec;
    }
}
