/**
 * Exchanges gradients between ranks while backward goes on.
 *
 * <p>Start at {@link io.dunlin.parallel.shard.DataParallelExchange}: it knows when a bucket of the gradient is complete;
 * {@link io.dunlin.parallel.shard.GradientBuckets} knows where buckets lie; the reduction knows which collective a full
 * bucket needs. {@link io.dunlin.parallel.shard.Sharding} is where the parts of a sharded run are made; {@link
 * io.dunlin.parallel.shard.Quantization} says what crosses with fewer bits, and {@link
 * io.dunlin.parallel.shard.QuantizedTransfers} how faithfully it did. Invariant: buckets are started in the same order on every rank, and the bits of a deterministic sum
 * depend neither on the number of ranks nor on the bucket size.
 */
@NullMarked
package io.dunlin.parallel.shard;

import org.jspecify.annotations.NullMarked;
