package io.dunlin.device;

import io.dunlin.tensor.Tensor;

/**
 * All arithmetic of training, as operations on one stream.
 *
 * <p>Legend: B sequences, T positions, R = B*T rows, C width, N outputs, V vocabulary, H query heads, G key/value heads,
 * D head width. Activations (x, y and their gradients) are F32 or BF16, all operands of one call alike unless said
 * otherwise; weights w and biases b are of the activations' type; statistics, losses, and gradients of parameters are
 * always F32. Sums are kept in F32 at least. Matrices may have a row stride (see {@link Tensor#columns(long, long)}).
 *
 * <p>{@code beta} is 0 or 1: 0 overwrites the result (whatever it held, NaN too), 1 adds to it. Optional operands are
 * {@link Tensor#NONE}. Operands must not overlap unless said otherwise. Zero rows are allowed everywhere.
 *
 * <p>Same inputs, same bits: a result depends on the operands' values, shapes and strides, and not on the number of
 * threads or on earlier calls. Reductions over rows (gradients of weights, gains and biases) are summed in an order
 * fixed by the number of rows. The shape of a call may change how its sums are blocked, so a row computed beside other
 * rows need not have the bits of the same row computed alone.
 */
public interface Kernels {
    // ---------------------------------------------------------------- matrix products

    /** y[R,N] = x[R,C] * w[N,C]^T + bias[N] + residual[R,N]; bias and residual are optional; y may be residual. */
    void linear(Tensor x, Tensor w, Tensor bias, Tensor residual, Tensor y);

    /** dx[R,C] = dy[R,N] * w[N,C] + beta * dx. */
    void linearBackwardInput(Tensor dy, Tensor w, Tensor dx, float beta);

    /** dw[N,C] (F32) = dy[R,N]^T * x[R,C] + beta * dw, and db[N] (F32, optional) = sum of the rows of dy + beta * db. */
    void linearBackwardWeight(Tensor dy, Tensor x, Tensor dw, Tensor db, float beta);

    // ---------------------------------------------------------------- attention

    /**
     * Causal softmax attention with scale 1/sqrt(D): out[R,H*D] from q[R,H*D], k[R,G*D], v[R,G*D]; logSumExp (F32,
     * [B*H,T]) is kept for the backward pass.
     *
     * <p>Blocked with an online softmax (Dao, FlashAttention-2, algorithm 1) in the fast version.
     */
    void attention(AttentionShape shape, Tensor q, Tensor k, Tensor v, Tensor out, Tensor logSumExp);

    /** dq, dk, dv (overwritten; same shapes as q, k, v) from dout (FlashAttention-2, algorithm 2). */
    void attentionBackward(
            AttentionShape shape,
            Tensor q,
            Tensor k,
            Tensor v,
            Tensor out,
            Tensor logSumExp,
            Tensor dout,
            Tensor dq,
            Tensor dk,
            Tensor dv);

    /**
     * Rotates x[R, heads*D] in place, each head by the angle of its position: pair (i, i + D/2) of row r by
     * position(r) * inverseFrequency(i), with position(r) = r mod T (the half-split form of Hugging Face's Llama).
     *
     * @param cosSin F32 [T, D]: the cosines of the D/2 angles of a position, then the sines
     * @param direction +1 forward, -1 for the gradient
     */
    void rope(Tensor x, Tensor cosSin, int time, int headWidth, int direction);

    // ---------------------------------------------------------------- normalisation

    /** y = (x - mean) / sqrt(var + epsilon) * gain[C] + bias[C], row by row; mean and rstd (F32 [R]) are kept. */
    void layerNorm(Tensor x, Tensor gain, Tensor bias, float epsilon, Tensor y, Tensor mean, Tensor rstd);

    /** dx += gradient through the norm; dgain and dbias (F32 [C]) = sums over rows + beta * themselves. */
    void layerNormBackward(
            Tensor dy,
            Tensor x,
            Tensor gain,
            Tensor mean,
            Tensor rstd,
            Tensor dx,
            Tensor dgain,
            Tensor dbias,
            float beta);

    /** y = x / sqrt(mean(x^2) + epsilon) * gain[C], row by row; rstd (F32 [R]) is kept. */
    void rmsNorm(Tensor x, Tensor gain, float epsilon, Tensor y, Tensor rstd);

    /** dx += gradient through the norm; dgain (F32 [C]) = sum over rows + beta * dgain. */
    void rmsNormBackward(Tensor dy, Tensor x, Tensor gain, Tensor rstd, Tensor dx, Tensor dgain, float beta);

    // ---------------------------------------------------------------- activations

    /** y = 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), GPT-2's form. */
    void gelu(Tensor x, Tensor y);

    /** dx = dy * gelu'(x); dx may be dy. */
    void geluBackward(Tensor dy, Tensor x, Tensor dx);

    /** y = gate * sigmoid(gate) * up. */
    void swiGlu(Tensor gate, Tensor up, Tensor y);

    /** dgate and dup from dy. */
    void swiGluBackward(Tensor dy, Tensor gate, Tensor up, Tensor dgate, Tensor dup);

    // ---------------------------------------------------------------- embedding and loss

    /** y[R,C] = table[tokens[R]] + positions[r mod T] (positions [>=T, C] are optional); tokens are I32. */
    void embedding(Tensor tokens, Tensor table, Tensor positions, int time, Tensor y);

    /**
     * dtable[V,C] (F32) = scatter of dy[R,C] by token + tableBeta * dtable; dpositions (F32, optional; all its rows)
     * = sums by position + positionsBeta * dpositions.
     */
    void embeddingBackward(
            Tensor dy, Tensor tokens, int time, Tensor dtable, float tableBeta, Tensor dpositions, float positionsBeta);

    /**
     * losses[R] (F32) = -log softmax(logits[R,V])[target], and logits become their own gradient, (softmax - onehot) *
     * gradientScale. A target of -1 counts for nothing: loss 0, gradient 0. Targets are I32.
     */
    void crossEntropy(Tensor logits, Tensor targets, Tensor losses, float gradientScale);

    /** losses[R] as above; logits stay as they are. */
    void crossEntropyLoss(Tensor logits, Tensor targets, Tensor losses);

    // ---------------------------------------------------------------- elementwise and reductions (dense tensors)

    /** out = a + b; out may be a or b. */
    void add(Tensor a, Tensor b, Tensor out);

    /** Every element becomes {@code value}. */
    void fill(Tensor x, float value);

    /** Element by element copy, converting F32 to BF16 (round to nearest, ties to even) and back where types differ. */
    void copy(Tensor from, Tensor to);

    /** The sum of the squares of an F32 tensor, summed in a fixed order; NaN or infinite if any element is. */
    double sumOfSquares(Tensor x);

    /** The sum of an F32 tensor in double, in order of elements. */
    double sum(Tensor x);

    /**
     * One AdamW update: value, m, v (F32) in place from gradient (F32); where {@code compute} is present (BF16) it
     * receives the rounded new value in the same pass.
     */
    void adamW(Tensor value, Tensor gradient, Tensor m, Tensor v, Tensor compute, AdamWStep step);
}
