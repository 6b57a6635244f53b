package io.dunlin.device.cpu;

/** One matrix product of a fixed shape, ready to run on any worker, on one thread. */
interface Product {
    /**
     * c = a * b (+ bias) (+ what the shape's addend says), by addresses.
     *
     * @param worker who runs it; selects scratch memory
     * @param b as stored, or packed if the shape says so
     * @param bias address of n elements; not read unless the shape has a bias
     * @param other address of the addend; not read unless the shape adds another matrix
     */
    void run(int worker, long a, long b, long c, long bias, long other);

    /** Bytes of a packed b. */
    long packedBytes();

    /** Brings b from its strides into the order in which this product reads it. */
    void pack(int worker, long b, long packed);
}
