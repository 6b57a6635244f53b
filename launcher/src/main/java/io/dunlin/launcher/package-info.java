/**
 * The launcher: talks to people; starts, watches and restarts ranks.
 *
 * <p>Start at {@link io.dunlin.launcher.Dunlin}, the main class; commands are in {@code cli}, what a run is asked to do
 * in {@code job}, the agent that runs it in {@code agent}, and the rank itself in {@code worker}.
 */
@NullMarked
package io.dunlin.launcher;

import org.jspecify.annotations.NullMarked;
