package io.dunlin.data;

/** In which order the samples of a pass are used. */
public interface SampleOrder {
    /**
     * Which sample is used as number {@code index} of pass {@code epoch}: for each epoch a permutation of {@code [0,
     * samples)}.
     *
     * @param epoch from 0
     * @param index in {@code [0, samples)}
     * @param samples of the whole data set
     */
    long sample(long epoch, long index, long samples);

    /** Sample 0 first, the same in every pass. */
    static SampleOrder inOrder() {
        return (epoch, index, samples) -> index;
    }

    /** Another permutation for each seed and pass, computed from the index alone: there is no state to save. */
    static SampleOrder shuffled(long seed) {
        return new ShuffledOrder(seed);
    }
}
