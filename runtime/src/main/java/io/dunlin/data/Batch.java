package io.dunlin.data;

import java.util.List;

/**
 * One rank's share of the samples of one optimizer step.
 *
 * @param microBatches this rank's, with consecutive indices; may be empty if there are more ranks than micro-batches
 * @param firstMicroBatch index of this rank's first micro-batch in the global batch
 * @param globalMicroBatches micro-batches of the step over all ranks
 * @param globalTargets targets to predict in the step over all ranks: what losses and gradients are averaged over
 * @param next the position after this step
 */
public record Batch(
        List<MicroBatch> microBatches,
        int firstMicroBatch,
        int globalMicroBatches,
        long globalTargets,
        DataPosition next) {

    /**
     * Where a share of the micro-batches begins; it ends where the next one begins. Each share gets as many as any other,
     * or one more.
     *
     * @param microBatches of the step
     * @param share from 0 to {@code shares}
     * @param shares how many
     */
    public static int firstOf(int microBatches, int share, int shares) {
        return (int) ((long) microBatches * share / shares);
    }
}
