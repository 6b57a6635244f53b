/**
 * Tensors that cross between ranks with 8 or 4 bits an element.
 *
 * <p>Start at {@link io.dunlin.collectives.quant.BlockFormat}, which says what a message looks like, then {@link
 * io.dunlin.collectives.quant.BlockQuantizer}; {@link io.dunlin.collectives.quant.QuantizedReduceScatter} and {@link
 * io.dunlin.collectives.quant.QuantizedAllGather} are what training calls. Invariants: the plain kernels are the
 * specification, and the fast ones give the same bits; a value that is not finite arrives as NaN, never as a number; sums
 * are made in F32 in the order of ranks, and divided once or not at all.
 */
@NullMarked
package io.dunlin.collectives.quant;

import org.jspecify.annotations.NullMarked;
