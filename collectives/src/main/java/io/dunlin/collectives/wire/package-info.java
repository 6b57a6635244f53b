/**
 * What crosses between ranks: the tag on every frame, the header at the start of every flow, and the loops that combine
 * elements.
 *
 * <p>Start at {@link io.dunlin.collectives.wire.OperationHeader}. All memory is addressed by {@code long} through one
 * constant segment, so that no caller's kind of segment can spoil the compiled loops; bounds are checked where a segment
 * enters the module, in {@code Communicator}.
 */
@NullMarked
package io.dunlin.collectives.wire;

import org.jspecify.annotations.NullMarked;
