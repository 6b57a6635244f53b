package io.dunlin.parallel.plan;

import io.dunlin.model.Precision;

/**
 * Bytes for each element of a model.
 *
 * @param weights what kernels read
 * @param gradients sums over a step
 * @param masters values in F32, where weights are not F32 themselves
 * @param moments of the optimizer
 */
public record StateBytes(int weights, int gradients, int masters, int moments) {
    private static final int MOMENTS = 2;

    /** What runs hold: gradients in F32, two moments of AdamW in F32. */
    public static StateBytes of(Precision precision) {
        int weights = precision.activations().bytes();
        return new StateBytes(
                weights, Float.BYTES, precision == Precision.F32 ? 0 : Float.BYTES, MOMENTS * Float.BYTES);
    }
}
