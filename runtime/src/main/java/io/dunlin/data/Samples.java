package io.dunlin.data;

import java.lang.foreign.MemorySegment;
import java.util.OptionalInt;

/** A numbered set of samples of equal length. */
interface Samples extends AutoCloseable {
    /** How many. */
    long count();

    /** Tokens of each, T. */
    int context();

    /** How many targets each sample has to predict, if that is the same for all. */
    OptionalInt targetsOfEach();

    /** How many targets sample {@code index} has to predict. */
    int targets(long index);

    /**
     * Writes one sample.
     *
     * @param index in {@code [0, count)}
     * @param tokens I32 [T]
     * @param targets I32 [T]: what follows each token, -1 where there is nothing to predict
     */
    void read(long index, MemorySegment tokens, MemorySegment targets);

    /** For people: where sample {@code index} lies. */
    String place(long index);

    @Override
    void close();
}
