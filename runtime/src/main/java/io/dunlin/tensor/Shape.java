package io.dunlin.tensor;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** The extent of each dimension, outermost first; no dimensions is a scalar of one element. */
public record Shape(List<Long> dimensions) {
    /** Checks that no extent is negative. */
    public Shape {
        dimensions = List.copyOf(dimensions);
        for (long extent : dimensions) {
            if (extent < 0) {
                throw new IllegalArgumentException("negative extent in " + dimensions);
            }
        }
    }

    /** A shape from its extents, outermost first. */
    public static Shape of(long... extents) {
        return new Shape(Arrays.stream(extents).boxed().toList());
    }

    /** How many dimensions. */
    public int rank() {
        return dimensions.size();
    }

    /** The extent of dimension {@code index}, outermost is 0. */
    public long extent(int index) {
        return dimensions.get(index);
    }

    /** How many elements: the product of the extents. */
    public long elements() {
        long product = 1;
        for (long extent : dimensions) {
            product = Math.multiplyExact(product, extent);
        }
        return product;
    }

    /** The innermost extent; 1 for a scalar. */
    public long columns() {
        return dimensions.isEmpty() ? 1 : dimensions.getLast();
    }

    /** The product of all extents but the innermost; 1 for a scalar or a vector. */
    public long rows() {
        long product = 1;
        for (int i = 0; i < dimensions.size() - 1; i++) {
            product = Math.multiplyExact(product, dimensions.get(i));
        }
        return product;
    }

    @Override
    public String toString() {
        return dimensions.stream().map(String::valueOf).collect(Collectors.joining("x", "[", "]"));
    }
}
