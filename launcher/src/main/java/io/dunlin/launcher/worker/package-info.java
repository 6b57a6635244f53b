/**
 * One rank: the process that trains.
 *
 * <p>Start at {@link io.dunlin.launcher.worker.LaunchSpec}, what it is told, and {@link
 * io.dunlin.launcher.worker.Command}, what it may be told later. This is the only package that constructs features; a
 * rank never outlives its agent, and its standard output carries reports and nothing else.
 */
@NullMarked
package io.dunlin.launcher.worker;

import org.jspecify.annotations.NullMarked;
