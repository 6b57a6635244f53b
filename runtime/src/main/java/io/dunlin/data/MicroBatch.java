package io.dunlin.data;

import io.dunlin.tensor.Tensor;

/**
 * The samples of one forward and backward pass, in memory of the host.
 *
 * @param index which micro-batch of the global batch this is, counted over all ranks
 * @param tokens I32 [B, T]
 * @param targets I32 [B, T]: the token that follows each; -1 where there is none to predict
 */
public record MicroBatch(int index, Tensor tokens, Tensor targets) {}
