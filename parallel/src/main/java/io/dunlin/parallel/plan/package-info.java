/**
 * What a layout of ranks will take, before anything is started: memory of each rank, bytes on each level of links, time of
 * a step.
 *
 * <p>Start at {@link io.dunlin.parallel.plan.Planner}. {@link io.dunlin.parallel.plan.StepTraffic} lists what is exchanged
 * in a step and {@link io.dunlin.parallel.plan.TrafficCount} says how bytes are counted; {@link
 * io.dunlin.parallel.plan.LayoutSearch} tries all nested degrees. Invariant: parts, groups and activations are asked of the
 * types that a run uses, so a plan does not know them a second time.
 */
@NullMarked
package io.dunlin.parallel.plan;

import org.jspecify.annotations.NullMarked;
