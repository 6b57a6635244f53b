package io.dunlin.collectives.transport;

/** Streams between a pair of members that do not hold each other up. */
public enum Lane {
    /** Short and rare: greetings, status, abort. */
    CONTROL,
    /** Tensors of collectives. */
    DATA,
    /** Tensors from one member to another, so that no collective waits behind one that is not asked for yet. */
    MESSAGE
}
