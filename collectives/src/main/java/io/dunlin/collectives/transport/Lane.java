package io.dunlin.collectives.transport;

/** Streams between a pair of members that do not hold each other up. */
public enum Lane {
    /** Short and rare: greetings, status, abort. */
    CONTROL,
    /** Tensors. */
    DATA
}
