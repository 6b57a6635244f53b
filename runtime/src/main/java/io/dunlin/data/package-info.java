/**
 * Text in, batches of tokens out.
 *
 * <p>Start at {@link io.dunlin.data.BatchSource}; its maker of real batches is {@link io.dunlin.data.TokenBatchSource},
 * over the files that {@link io.dunlin.data.DataPreparation} makes of a text.
 *
 * <pre>
 *   text -> TextListing -> TokenSplit (Tokenizer) -> TokenShardWriter -> train.bin, validation.bin
 *   .bin -> TokenShards -> ShardSamples -> SampleOrder, BatchPlan -> TokenBatchSource -> Batch
 * </pre>
 *
 * <p>The order of samples is a stateless permutation keyed by seed and epoch, so a position is one number that means the
 * same on every number of ranks. A file is complete under its name or not there at all.
 */
@NullMarked
package io.dunlin.data;

import org.jspecify.annotations.NullMarked;
