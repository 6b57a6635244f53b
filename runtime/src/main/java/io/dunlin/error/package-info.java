/**
 * What every failure in Dunlin carries: a code, a reason, a next command and an exit code.
 *
 * <p>Start at {@link io.dunlin.error.DunlinException}. Each module has its own subclass; the launcher turns any of them
 * into one screen of text, and everything else into a report of a bug of ours.
 */
@NullMarked
package io.dunlin.error;

import org.jspecify.annotations.NullMarked;
