/**
 * Measurements that anyone can repeat.
 *
 * <p>Start at {@link io.dunlin.launcher.bench.StepBench}. A measurement runs the code that training runs, with data and
 * seeds that are always the same, and reports medians.
 */
@NullMarked
package io.dunlin.launcher.bench;

import org.jspecify.annotations.NullMarked;
