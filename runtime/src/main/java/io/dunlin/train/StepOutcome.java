package io.dunlin.train;

/**
 * What forward and backward of one step gave; the same on every rank but for the time.
 *
 * @param loss mean cross-entropy over the targets of the global batch
 * @param gradientNorm global L2 norm of the averaged gradient, each parameter counted once; NaN or infinite if any
 *     gradient is
 * @param requests agreed requests as bits by ordinal (see {@link TrainState#decode})
 * @param communicationNs what this rank waited for others
 */
public record StepOutcome(double loss, double gradientNorm, int requests, long communicationNs) {}
