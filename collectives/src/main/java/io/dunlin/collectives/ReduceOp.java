package io.dunlin.collectives;

/** How contributions are combined, element by element. */
public enum ReduceOp {
    /** The sum. */
    SUM,
    /** The largest. */
    MAX,
    /** The smallest. */
    MIN,
    /** Bitwise or; integers only. */
    OR
}
