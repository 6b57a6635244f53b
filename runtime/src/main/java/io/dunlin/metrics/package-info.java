/**
 * Where the time of one rank goes.
 *
 * <p>Start at {@link io.dunlin.metrics.TimedDevice}: wrapped around a device it measures every kernel, and nothing that
 * computes knows of it.
 */
@NullMarked
package io.dunlin.metrics;

import org.jspecify.annotations.NullMarked;
