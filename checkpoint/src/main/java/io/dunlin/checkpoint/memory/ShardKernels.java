package io.dunlin.checkpoint.memory;

/**
 * Sums of products over {@link GaloisField} of bytes at raw addresses. {@link PlainKernels} are the specification of
 * {@link VectorKernels}: the same bytes.
 */
abstract sealed class ShardKernels permits PlainKernels, VectorKernels {
    /** Outputs that {@link #powerSums} computes at most: P, Q and R. */
    static final int MOST_POWER_SUMS = 3;

    /** The fastest on this machine. */
    static ShardKernels fastest() {
        return VectorKernels.usable() ? new VectorKernels() : new PlainKernels();
    }

    /** Output i = sum over j of 2^ij input j, of bytes {@code first} to {@code end}. */
    abstract void powerSums(long[] inputs, long[] outputs, int first, int end);

    /** Output i = sum over j of element (i, j) of the matrix times input j, of bytes {@code first} to {@code end}. */
    abstract void products(ByteMatrix matrix, long[] inputs, long[] outputs, int first, int end);

    /** Output += coefficient * input. */
    abstract void addProduct(long input, int coefficient, long output, int bytes);
}
