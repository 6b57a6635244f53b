package io.dunlin.train;

import java.util.List;

/**
 * What an executor exchanges with other ranks during a step; {@link #ALONE} is one rank by itself.
 *
 * <p>Calls of one step, in this order, on the compute thread: {@link #begin}, {@link #ready} once for each part of the
 * flat gradient from its end to its beginning as backward finishes them, {@link #finish}, {@link #agree}.
 */
public interface GradientExchange extends AutoCloseable {
    /** One rank: nothing to exchange. */
    GradientExchange ALONE = new GradientExchange() {
        @Override
        public void begin(GradientPartials partials) {}

        @Override
        public void ready(long offset, long length) {}

        @Override
        public long finish() {
            return 0;
        }

        @Override
        public List<Range> counted(long elements) {
            return List.of(new Range(0, elements));
        }

        @Override
        public Tally agree(Tally mine) {
            return mine;
        }
    };

    /**
     * A step begins.
     *
     * @param partials where this rank's sums over its micro-batches will be; result memory is its first
     */
    void begin(GradientPartials partials);

    /**
     * The work submitted so far makes this rank's sums for elements {@code offset} to {@code offset + length} of the flat
     * gradient final. A call that finds the network busy must not wait: the exchange goes on behind compute.
     */
    void ready(long offset, long length);

    /**
     * Waits until the result buffer holds the sum over all ranks, for all elements that this rank updates and for the work
     * submitted from here on.
     *
     * @return nanoseconds that this call waited
     */
    long finish();

    /**
     * Which elements of the result this rank adds to the global norm: each element is one rank's.
     *
     * @param elements of the result
     */
    List<Range> counted(long elements);

    /** Ends threads of this exchange, if it has any. */
    @Override
    default void close() {}

    /** Combines the losses and requests of all ranks, in a step or between steps; the same result on every rank. */
    Tally agree(Tally mine);

    /**
     * The small facts of a step that all ranks must share.
     *
     * @param lossSums sum of the losses of each micro-batch of the global batch, by its index; a rank fills in its own
     *     and leaves 0 elsewhere
     * @param requests bits by ordinal of {@link StepRequest}; combined by or
     * @param squares of the gradient, of the elements that a rank counts, see {@link GradientNorm}; added
     */
    record Tally(double[] lossSums, int requests, double[] squares) {
        /** Without a gradient. */
        public static final double[] NO_SQUARES = {};
    }

    /** Elements {@code offset} to {@code offset + length} of a flat buffer. */
    record Range(long offset, long length) {}

    /**
     * One rank's partial sums of the gradient of a step. Each is a flat F32 buffer, on the device, of all parameters or of
     * those elements that the rank sums up.
     *
     * @param sums in order of micro-batches, one for each block in {@code blocks}, or one running sum; empty if the rank
     *     has no micro-batch
     * @param blocks which micro-batches each sum covers; empty where there is a running sum
     * @param result where the sum over all ranks must end up; may be one of the sums
     * @param globalMicroBatches of the step
     */
    record GradientPartials(
            List<java.lang.foreign.MemorySegment> sums,
            List<SummationTree.Block> blocks,
            java.lang.foreign.MemorySegment result,
            int globalMicroBatches) {}
}
