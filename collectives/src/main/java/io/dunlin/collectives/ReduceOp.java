package io.dunlin.collectives;

/** How contributions are combined, element by element. */
public enum ReduceOp {
    /** The sum. */
    SUM,
    /** The sum divided by the number of members, once; integers are rounded towards zero. */
    MEAN,
    /** The largest. */
    MAX,
    /** The smallest. */
    MIN,
    /** Bitwise or; integers only. */
    OR
}
