/**
 * Text in, batches of tokens out.
 *
 * <p>Start at {@link io.dunlin.data.BatchSource}. The order of samples is a stateless permutation keyed by seed and
 * epoch, so a position is one number that means the same on every number of ranks.
 */
@NullMarked
package io.dunlin.data;

import org.jspecify.annotations.NullMarked;
