/**
 * Saves a run so that any number of ranks can continue it, and never lets an incomplete save look complete.
 *
 * <p>Start at {@link io.dunlin.checkpoint.Checkpointer} for saving and at {@link io.dunlin.checkpoint.Restore} for
 * loading; {@link io.dunlin.checkpoint.Manifest} says what a checkpoint is. The invariant: a folder with its final name
 * was complete and durable when it got that name, and every byte that is ever loaded from it has been compared with a
 * checksum taken while it was written.
 */
@NullMarked
package io.dunlin.checkpoint;

import org.jspecify.annotations.NullMarked;
