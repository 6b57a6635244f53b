/**
 * One class for each promise of the README, proved on whole processes.
 *
 * <p>Start at {@link io.dunlin.integration.LocalCluster}, which runs the real command the way the {@code dunlin} script
 * does, in a folder of its own. Invariant: a test waits for what it can see (a file, a line, a process that ends), never
 * for time to pass, and leaves no process behind.
 */
@NullMarked
package io.dunlin.integration;

import org.jspecify.annotations.NullMarked;
