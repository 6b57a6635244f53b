package io.dunlin.collectives.quant;

/** How a value between two levels is rounded. */
public enum Rounding {
    /** To the nearest level, ties to even: the least error. */
    NEAREST_EVEN,
    /**
     * Up with the probability of the distance from the lower level: right on average, at twice the noise power. The
     * random numbers are counter-based, so the same numbers give the same bits in whatever order.
     */
    STOCHASTIC
}
