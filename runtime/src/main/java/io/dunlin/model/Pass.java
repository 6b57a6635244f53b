package io.dunlin.model;

import io.dunlin.data.MicroBatch;
import io.dunlin.tensor.Tensor;

/**
 * Runs a model over micro-batches of one planned shape.
 *
 * <p>A pass owns its activations, planned when it was made; several passes share the weights of their model. One thread
 * uses a pass, and only one pass of a model runs at a time.
 */
public interface Pass {
    /** Sequences of a micro-batch. */
    int batch();

    /** Positions of each sequence. */
    int time();

    /**
     * Forward and backward. The gradient goes where each parameter's {@link io.dunlin.nn.Parameter#beginGradient} has
     * directed it.
     *
     * @param gradientScale multiplies the gradient of every target's loss: 1 / targets of the global batch makes an
     *     average
     * @param listener told of each unit whose gradient begins and is complete
     * @return the sum of the losses of all targets, in nats
     * @throws IllegalStateException if the pass was not planned to train
     */
    double forwardBackward(MicroBatch microBatch, float gradientScale, BackwardListener listener);

    /**
     * Goes through the units as {@link #forwardBackward} does, and computes nothing: for a rank without a micro-batch,
     * where others need its part of weights and gradients.
     */
    void accompany(BackwardListener listener);

    /** Goes through the units as {@link #loss} does, and computes nothing. */
    void accompany();

    /** The sum of the losses of all targets, in nats; the same bits as {@link #forwardBackward} gives. */
    double loss(MicroBatch microBatch);

    /**
     * What the model predicts after each position.
     *
     * @param tokens I32 [B, T], on the host
     * @return [B*T, V], on the device, valid until the pass runs again
     * @throws IllegalStateException if the pass was not planned with {@link PassKind#GENERATE}
     */
    Tensor logits(Tensor tokens);

    /**
     * What the model predicts after one position; costs no more memory than a loss.
     *
     * @param tokens I32 [B, T], on the host
     * @param row which of the B*T positions
     * @return [1, V], on the device, valid until the pass runs again
     */
    Tensor logits(Tensor tokens, int row);

    /** Memory that this pass holds: activations, gradients of activations, logits. */
    long activationBytes();
}
