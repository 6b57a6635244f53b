/**
 * The training loop and its seams.
 *
 * <p>Start at {@link io.dunlin.train.StepExecutor} and {@link io.dunlin.train.StepListener}: everything that Dunlin adds
 * to plain training (other ranks, checkpoints, evaluation, reports) plugs in there, from outside. The loop names no
 * feature.
 */
@NullMarked
package io.dunlin.train;

import org.jspecify.annotations.NullMarked;
