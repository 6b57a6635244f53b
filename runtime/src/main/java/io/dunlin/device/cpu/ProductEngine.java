package io.dunlin.device.cpu;

/** Makes matrix products; one thread asks, any worker of the team runs what it gets. */
interface ProductEngine extends AutoCloseable {
    /** The product of this shape, made at the first time it is asked for; all extents are 1 or more. */
    Product product(ProductShape shape);

    @Override
    void close();
}
