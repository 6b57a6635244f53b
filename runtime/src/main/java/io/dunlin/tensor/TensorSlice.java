package io.dunlin.tensor;

/**
 * Which part of which tensor something is: elements {@code offset} to {@code offset + length} of the flattened,
 * row-major tensor {@code name}.
 *
 * <p>Flat intervals need no padding and no divisibility: any tensor can be cut into any number of parts.
 *
 * @param name global name of the tensor
 * @param shape global shape of the tensor
 * @param offset first element
 * @param length number of elements
 */
public record TensorSlice(String name, Shape shape, long offset, long length) {
    /** Checks that the interval lies inside the tensor. */
    public TensorSlice {
        if (offset < 0 || length < 0 || offset + length > shape.elements()) {
            throw new IllegalArgumentException(
                    "slice %d..%d outside of %s %s".formatted(offset, offset + length, name, shape));
        }
    }

    /** The whole of a tensor. */
    public static TensorSlice whole(String name, Shape shape) {
        return new TensorSlice(name, shape, 0, shape.elements());
    }

    /** First element after the slice. */
    public long end() {
        return offset + length;
    }
}
