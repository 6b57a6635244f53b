package io.dunlin.parallel.plan;

import io.dunlin.model.Precision;
import io.dunlin.parallel.shard.Quantization;

/**
 * How each kind of transfer is written.
 *
 * @param weights gathered before a unit is computed with
 * @param secondary the same, from the second copy in each host
 * @param gradients summed up
 * @param refresh weights that have been updated, on the widest way they go; then they go on as {@code secondary}
 */
public record WireFormat(Wire weights, Wire secondary, Wire gradients, Wire refresh) {
    /** What runs send: weights in the type of compute, gradients in F32. */
    public static WireFormat of(Precision precision) {
        Wire compute = Wire.plain(precision.activations().bytes() * Byte.SIZE);
        return new WireFormat(compute, compute, Wire.F32, compute);
    }

    /** The same with messages that have fewer bits. */
    public static WireFormat of(Precision precision, Quantization quantization) {
        WireFormat exact = of(precision);
        int block = quantization.coding().blockElements();
        return new WireFormat(
                quantization.weights() == 0 ? exact.weights : new Wire(quantization.weights(), block),
                exact.secondary,
                quantization.gradients() == 0
                        ? exact.gradients
                        : new Wire(
                                quantization.gradients(),
                                block,
                                quantization.feedback().on() ? Float.BYTES : 0),
                quantization.refresh() == 0 ? exact.refresh : new Wire(quantization.refresh(), block));
    }

    /**
     * What ZeRO++ and the three-level partition were published with: weights of the first gather in INT8, gradients in
     * INT4, scales for blocks of 2048; copies in a host and updated weights in 16 bits, so that they stay exact.
     */
    public static WireFormat published() {
        Wire half = Wire.plain(16);
        return new WireFormat(new Wire(8, 2048), half, new Wire(4, 2048), half);
    }
}
