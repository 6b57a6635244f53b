package io.dunlin.tensor;

/**
 * A piece of training state: which slice of which global tensor, and the memory that holds it on this rank.
 *
 * @param slice what it is; its name is unique in the run, for example {@code optimizer.m/h.0.attn.weight}
 * @param tensor a dense tensor of exactly {@code slice.length()} elements
 */
public record NamedTensor(TensorSlice slice, Tensor tensor) {
    /** Checks that the memory holds exactly the slice. */
    public NamedTensor {
        if (tensor.elements() != slice.length() || !tensor.dense()) {
            throw new IllegalArgumentException("%s holds %d elements, its slice has %d"
                    .formatted(slice.name(), tensor.elements(), slice.length()));
        }
    }
}
