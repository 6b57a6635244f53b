/**
 * From gradients to new weights: the optimizer, the learning rate of each step, and clipping.
 *
 * <p>Start at {@link io.dunlin.optim.Optimizer}.
 */
@NullMarked
package io.dunlin.optim;

import org.jspecify.annotations.NullMarked;
