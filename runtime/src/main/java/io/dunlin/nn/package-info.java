/**
 * Layers with an explicit forward and backward pass, and the parameters they train.
 *
 * <p>Start at {@link io.dunlin.nn.Block}: two branches of the residual stream, {@link io.dunlin.nn.CausalAttention} and
 * an MLP, between an {@link io.dunlin.nn.Embedding} and a {@link io.dunlin.nn.Head}. A layer holds parameters alone and
 * is shared by all passes; planning it for a shape gives the object that has memory, computes, and remembers from
 * forward to backward. Nothing is allocated after planning. No layer knows that other ranks exist.
 */
@NullMarked
package io.dunlin.nn;

import org.jspecify.annotations.NullMarked;
