package io.dunlin.parallel.shard;

import io.dunlin.collectives.Work;
import java.lang.foreign.MemorySegment;

/** Adds up gradients over a group, so that each member ends with the sum of its part of a unit. */
@FunctionalInterface
interface PartScatter {
    /** A step begins: what was measured in one that led to no update does not count. */
    default void begin() {}

    /**
     * Starts, and does not wait.
     *
     * @param turn of the step
     * @param whole this rank's F32 gradient, all parts one after the other
     * @param part room for this rank's part, its place in {@code whole}
     */
    Work start(int unit, int turn, MemorySegment whole, MemorySegment part);
}
