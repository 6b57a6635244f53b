/**
 * Runs collectives: one communication thread per rank moves the frames of all operations that are under way.
 *
 * <p>Start at {@link io.dunlin.collectives.engine.StreamCommunicator}, or make one with {@link
 * io.dunlin.collectives.engine.AeronCommunicators} or {@link io.dunlin.collectives.engine.LoopbackWorld}. The caller's
 * thread and the communication thread meet in two places only: the queue of operations, and the state of each operation.
 * On every stream frames are in the order of operations, at sender and receiver alike; so several operations overlap, a
 * frame for a later one waits in its stream, and the oldest unfinished operation of the group can always go on.
 */
@NullMarked
package io.dunlin.collectives.engine;

import org.jspecify.annotations.NullMarked;
