package io.dunlin.parallel.plan;

import io.dunlin.model.Precision;

/**
 * Bytes for each element of a model.
 *
 * @param weights what kernels read
 * @param gradients sums over a step
 * @param masters values in F32, where weights are not F32 themselves
 * @param moments of the optimizer
 * @param carried of what messages of gradients lost, for each element that is encoded
 */
public record StateBytes(int weights, int gradients, int masters, int moments, int carried) {
    private static final int MOMENTS = 2;

    /** What runs hold: gradients in F32, two moments of AdamW in F32. */
    public static StateBytes of(Precision precision) {
        return of(precision, WireFormat.of(precision));
    }

    /** The same with messages that may lose something. */
    public static StateBytes of(Precision precision, WireFormat wires) {
        int weights = precision.activations().bytes();
        return new StateBytes(
                weights,
                Float.BYTES,
                precision == Precision.F32 ? 0 : Float.BYTES,
                MOMENTS * Float.BYTES,
                wires.gradients().carriedBytes());
    }
}
