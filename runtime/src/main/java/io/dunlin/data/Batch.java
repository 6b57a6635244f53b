package io.dunlin.data;

import java.util.List;

/**
 * One rank's share of the samples of one optimizer step.
 *
 * @param microBatches this rank's, one for each turn of its group; one less, or none, if there is nothing left for it
 * @param share which of the global batch they are
 * @param globalMicroBatches micro-batches of the step over all ranks
 * @param globalTargets targets to predict in the step over all ranks: what losses and gradients are averaged over
 * @param next the position after this step
 */
public record Batch(
        List<MicroBatch> microBatches, Share share, int globalMicroBatches, long globalTargets, DataPosition next) {

    /** Index of the first micro-batch of the rank's group in the global batch. */
    public int runBegin() {
        return share.runBegin(globalMicroBatches);
    }

    /** How many micro-batches the rank's group has, one after the other. */
    public int runLength() {
        return share.runEnd(globalMicroBatches) - runBegin();
    }

    /** How many turns the rank's group takes. */
    public int turns() {
        return share.turns(globalMicroBatches);
    }
}
