/**
 * Language models made of layers: their dimensions, their weights, and passes over batches of one planned shape.
 *
 * <p>Start at {@link io.dunlin.model.Model}. Families differ by which layers they compose ({@code GptNetwork}, {@code
 * LlamaNetwork}), never by a branch in the pass. All memory of a pass is allocated when it is planned; a pass over a
 * micro-batch allocates nothing.
 */
@NullMarked
package io.dunlin.model;

import org.jspecify.annotations.NullMarked;
