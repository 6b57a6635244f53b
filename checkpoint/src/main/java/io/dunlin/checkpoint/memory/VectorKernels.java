package io.dunlin.checkpoint.memory;

import static io.dunlin.checkpoint.memory.Lanes.W;

/**
 * A vector of bytes at a time: P, Q and R by doubling sums, products by look-ups in {@link ProductTables}. Bytes that do not fill
 * a vector are left to {@link PlainKernels}.
 */
final class VectorKernels extends ShardKernels {
    private static final int LEAST_LANES = 16;

    private final PlainKernels plain = new PlainKernels();

    /** Whether a byte has at most as many high bits as low ones, so that a vector holds the table for them. */
    static boolean usable() {
        return W >= LEAST_LANES;
    }

    @Override
    void powerSums(long[] inputs, long[] outputs, int first, int end) {
        int whole = end - (end - first) % W;
        switch (outputs.length) {
            case 1 -> PowerSumLoops.p(inputs, outputs[0], first, whole);
            case 2 -> PowerSumLoops.pq(inputs, outputs[0], outputs[1], first, whole);
            case 3 -> PowerSumLoops.pqr(inputs, outputs[0], outputs[1], outputs[2], first, whole);
            default -> throw new IllegalArgumentException(outputs.length + " outputs");
        }
        if (whole < end) {
            plain.powerSums(inputs, outputs, whole, end);
        }
    }

    @Override
    void products(ByteMatrix matrix, long[] inputs, long[] outputs, int first, int end) {
        int whole = end - (end - first) % W;
        for (int row = 0; row < outputs.length; row++) {
            int[] coefficients = matrix.row(row);
            ProductLoops.clear(outputs[row], first, whole);
            int column = 0;
            for (; column + 4 <= inputs.length; column += 4) {
                ProductLoops.addFour(inputs, coefficients, column, outputs[row], first, whole);
            }
            for (; column < inputs.length; column++) {
                ProductLoops.add(inputs[column], coefficients[column], outputs[row], first, whole);
            }
        }
        if (whole < end) {
            plain.products(matrix, inputs, outputs, whole, end);
        }
    }

    @Override
    void addProduct(long input, int coefficient, long output, int bytes) {
        int whole = bytes - bytes % W;
        if (coefficient == 1) {
            ProductLoops.addTimesOne(input, output, 0, whole);
        } else {
            ProductLoops.add(input, coefficient, output, 0, whole);
        }
        if (whole < bytes) {
            plain.addProduct(input + whole, coefficient, output + whole, bytes - whole);
        }
    }
}
