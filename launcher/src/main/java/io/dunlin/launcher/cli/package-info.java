/**
 * The verbs of the command line.
 *
 * <p>Start at {@link io.dunlin.launcher.cli.CommandLineTool}. A verb is one small class that reads its options and calls
 * the part that does the work; every failure becomes one screen of text and an exit code in {@code ErrorScreen}.
 * Invariant: bad input never shows a stack trace unless {@code --trace} is given; a bug of ours always does.
 */
@NullMarked
package io.dunlin.launcher.cli;

import org.jspecify.annotations.NullMarked;
