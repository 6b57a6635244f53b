package io.dunlin.train;

import java.util.Set;

/**
 * What one step did; the same on every rank but for the times.
 *
 * @param step the number of this step, from 1
 * @param loss mean cross-entropy over the targets of the global batch, in nats, before the update
 * @param gradientNorm global L2 norm of the averaged gradient before clipping, each parameter counted once
 * @param learningRate used by the update
 * @param updated false if the update was skipped because loss or norm was not finite, on every rank
 * @param tokens of the global batch
 * @param requests what all ranks have agreed to do after this step
 * @param times where this rank's time went
 */
public record StepResult(
        long step,
        double loss,
        double gradientNorm,
        double learningRate,
        boolean updated,
        long tokens,
        Set<StepRequest> requests,
        Times times) {

    /**
     * Where the time of a step went on one rank.
     *
     * @param stepNs from asking for the batch to the end of the update
     * @param dataNs waiting for the batch
     * @param communicationNs waiting for other ranks: communication that compute did not hide
     * @param updateNs norm, clipping and optimizer
     */
    public record Times(long stepNs, long dataNs, long communicationNs, long updateNs) {}
}
