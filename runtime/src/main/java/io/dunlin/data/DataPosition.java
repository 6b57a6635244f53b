package io.dunlin.data;

/**
 * Where in the data a run is: the pass, and how many samples of it have been used by all ranks together.
 *
 * <p>It does not depend on the number of ranks, so a run resumes at the same sample on any of them.
 *
 * @param epoch pass over the data, from 0
 * @param sample samples of this pass already used
 */
public record DataPosition(long epoch, long sample) {
    /** The very beginning. */
    public static final DataPosition START = new DataPosition(0, 0);

    /** The position after {@code count} more samples of a data set of {@code samplesPerEpoch}. */
    public DataPosition plus(long count, long samplesPerEpoch) {
        long total = Math.addExact(sample, count);
        return new DataPosition(epoch + total / samplesPerEpoch, total % samplesPerEpoch);
    }
}
