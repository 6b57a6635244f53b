package io.dunlin.parallel.shard;

/** What crosses between ranks, and may be quantised. */
public enum Transfer {
    /** Weights of a unit, before it is used. */
    WEIGHTS,
    /** Gradients of a unit of one turn's micro-batches, to those who keep their sums. */
    GRADIENTS,
    /** Sums of a step, to those who update them. */
    BOUNDARY,
    /** New weights, after the update. */
    REFRESH
}
