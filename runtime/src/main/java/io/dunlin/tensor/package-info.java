/**
 * Typed views on memory, and nothing that computes.
 *
 * <p>Start at {@link io.dunlin.tensor.Tensor}. A tensor never owns memory: whoever allocated the segment frees it.
 * {@link io.dunlin.tensor.TensorSlice} says which part of which tensor something is, without saying where it lies: that
 * is how layouts travel between modules.
 */
@NullMarked
package io.dunlin.tensor;

import org.jspecify.annotations.NullMarked;
