/**
 * Exchanges gradients between ranks while backward goes on.
 *
 * <p>Start at {@link io.dunlin.parallel.shard.DataParallelExchange}: it knows when a bucket of the gradient is complete;
 * {@link io.dunlin.parallel.shard.GradientBuckets} knows where buckets lie; the reduction knows which collective a full
 * bucket needs. Invariant: buckets are started in the same order on every rank, and the bits of a deterministic sum
 * depend neither on the number of ranks nor on the bucket size.
 */
@NullMarked
package io.dunlin.parallel.shard;

import org.jspecify.annotations.NullMarked;
