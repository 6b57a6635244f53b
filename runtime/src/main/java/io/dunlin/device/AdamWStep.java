package io.dunlin.device;

/**
 * The scalars of one AdamW update (Loshchilov and Hutter, "Decoupled Weight Decay Regularization", algorithm 2).
 *
 * @param learningRate of this step
 * @param beta1 decay of the first moment
 * @param beta2 decay of the second moment
 * @param epsilon added to the root of the corrected second moment
 * @param weightDecay of this tensor; 0 for tensors of fewer than two dimensions
 * @param correction1 {@code 1 - beta1^step}
 * @param correction2 {@code 1 - beta2^step}
 * @param gradientScale multiplies the gradient first (clipping)
 */
public record AdamWStep(
        float learningRate,
        float beta1,
        float beta2,
        float epsilon,
        float weightDecay,
        float correction1,
        float correction2,
        float gradientScale) {}
