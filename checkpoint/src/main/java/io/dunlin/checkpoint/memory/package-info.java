/**
 * Parity in memory: what hosts keep of each other's data, so that some may vanish.
 *
 * <p>Start at {@link io.dunlin.checkpoint.memory.ReedSolomon}, the code;
 * {@link io.dunlin.checkpoint.memory.ParityGroups} says which hosts keep each other's parity, and
 * {@link io.dunlin.checkpoint.memory.StripeLayout} which of them keeps what. Nothing here sends or stores. The invariant: any
 * shards of a stripe may be lost, as many as it has of parity, and the others give exactly their bytes.
 *
 * <p>Loops take raw addresses, so that no caller's kind of segment can spoil them; bounds are checked in
 * {@code ShardPointers}, once a call.
 */
@NullMarked
package io.dunlin.checkpoint.memory;

import org.jspecify.annotations.NullMarked;
