/**
 * The node agent: starts the ranks of a run, watches them, starts them again.
 *
 * <p>Start at {@link io.dunlin.launcher.agent.NodeAgent}, then {@link io.dunlin.launcher.agent.Supervisor}. One thread
 * decides everything, from one queue of events and one clock; a generation of ranks lives and ends as a whole, and
 * nothing that an earlier one says counts any more.
 */
@NullMarked
package io.dunlin.launcher.agent;

import org.jspecify.annotations.NullMarked;
