package io.dunlin.collectives.algorithm;

/** How an owner combines what all members hold of its part. */
interface Fold {
    /** Takes up an operation. */
    void begin(Call call);

    /** How many vectors {@code member} contributes. */
    int vectors(int member);

    /** Where this member's own vector {@code index} is. */
    long ownVector(int index);

    /**
     * Combines one tile; the result may overlay an input of this member, at the same place.
     *
     * @param inputs [vector, by member] addresses; may be overwritten
     * @param result address
     */
    void fold(long[] inputs, long result, long bytes);
}
