package io.dunlin.train;

/** How the gradients of a step's micro-batches are added up. */
public enum Accumulation {
    /** Each adds to one running sum, in place: one buffer, no extra pass. The rounding depends on the number of ranks. */
    RUNNING,
    /** In the order of the {@link SummationTree}: the same bits on any number of ranks, for a few more buffers. */
    TREE
}
