/**
 * How members do an operation together: which bytes go to whom, when they may go, and what is done with those that
 * arrive.
 *
 * <p>Start at {@link io.dunlin.collectives.algorithm.Algorithm}. An algorithm is a state machine without input or output:
 * between two members flows one ordered stream of bytes in each direction, whose layout both know, so a byte's place in
 * the stream is its address and frames need no offsets. The engine moves the frames. Nothing here waits, and the order in
 * which elements are combined never depends on the order of arrival.
 */
@NullMarked
package io.dunlin.collectives.algorithm;

import org.jspecify.annotations.NullMarked;
