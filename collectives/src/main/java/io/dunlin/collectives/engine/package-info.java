/**
 * Runs collectives: one communication thread per rank moves the frames of all operations that are under way.
 *
 * <p>Start at {@link io.dunlin.collectives.engine.StreamCommunicator}, or make one with {@link
 * io.dunlin.collectives.engine.AeronCommunicators} or {@link io.dunlin.collectives.engine.LoopbackWorld}. The caller's
 * thread and the communication thread meet in two places only: the queue of operations, and the state of each operation.
 * On every stream frames are in the order of operations, at sender and receiver alike; so several operations overlap, a
 * frame for a later one waits in its stream, and the oldest unfinished operation of the group can always go on.
 *
 * <p>Members meet pair by pair, each side for itself. What a member does about one that has not welcomed it yet:
 *
 * <pre>
 *  CONNECTING    waits until streams go both ways
 *  UP            greets it, every 200 ms
 *  DEAF, SILENT  waits: streams may come back
 *  GONE          fails with DUN-704
 *  too late      fails with DUN-705
 * </pre>
 *
 * A greeting is answered with a welcome at any time, also by a member that has met all itself and runs operations. A member
 * runs operations once it was welcomed by all, so nothing but greetings can be lost before: a stream that breaks off
 * meanwhile costs time only. Later one that comes back goes on if its position shows that nothing was lost, and is a
 * lost peer (DUN-704) if not, or if somebody waits for it meanwhile.
 */
@NullMarked
package io.dunlin.collectives.engine;

import org.jspecify.annotations.NullMarked;
