package io.dunlin.device.cpu;

import io.dunlin.tensor.DType;

/** Makes matrix products; one thread asks, any worker of the team runs what it gets. */
interface ProductEngine extends AutoCloseable {
    /** The product of this shape, made at the first time it is asked for; all extents are 1 or more. */
    Product product(ProductShape shape);

    /**
     * Rows of a tile that make up for bringing the second operand into order anew for each tile: more where products
     * are fast against memory.
     */
    int tileRows(DType inputs);

    @Override
    void close();
}
