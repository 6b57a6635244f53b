package io.dunlin.collectives.quant;

import io.dunlin.tensor.DType;

/**
 * What is exchanged again and again.
 *
 * @param number what all ranks call it; goes out with each message, so that two tensors cannot be mistaken
 * @param dtype F32 or BF16
 * @param elements of the whole
 */
public record TensorSpec(long number, DType dtype, long elements) {
    /** Checks the type. */
    public TensorSpec {
        if (dtype != DType.F32 && dtype != DType.BF16) {
            throw new IllegalArgumentException("F32 and BF16 are quantised, not " + dtype);
        }
    }

    /** Length of {@code count} elements. */
    long bytes(long count) {
        return count * dtype.bytes();
    }
}
