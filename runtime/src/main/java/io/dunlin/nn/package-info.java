/**
 * Layers with an explicit forward and backward pass, and the parameters they train.
 *
 * <p>Start at {@link io.dunlin.nn.Parameter}, then any layer. A layer holds its weights; what it must remember from
 * forward to backward it keeps in activations that were planned before the first step. No layer knows that other ranks
 * exist.
 */
@NullMarked
package io.dunlin.nn;

import org.jspecify.annotations.NullMarked;
