package io.dunlin.checkpoint.memory;

import io.dunlin.collectives.wire.RawMemory;

/** One byte after the other, by {@link GaloisField#multiply}. */
final class PlainKernels extends ShardKernels {
    @Override
    void powerSums(long[] inputs, long[] outputs, int first, int end) {
        for (int row = 0; row < outputs.length; row++) {
            for (int i = first; i < end; i++) {
                int sum = 0;
                for (int column = 0; column < inputs.length; column++) {
                    sum ^= GaloisField.multiply(GaloisField.powerOfTwo(row * column), get(inputs[column] + i));
                }
                RawMemory.putByte(outputs[row] + i, (byte) sum);
            }
        }
    }

    @Override
    void products(ByteMatrix matrix, long[] inputs, long[] outputs, int first, int end) {
        for (int row = 0; row < outputs.length; row++) {
            for (int i = first; i < end; i++) {
                int sum = 0;
                for (int column = 0; column < inputs.length; column++) {
                    sum ^= GaloisField.multiply(matrix.at(row, column), get(inputs[column] + i));
                }
                RawMemory.putByte(outputs[row] + i, (byte) sum);
            }
        }
    }

    @Override
    void addProduct(long input, int coefficient, long output, int bytes) {
        for (int i = 0; i < bytes; i++) {
            int sum = get(output + i) ^ GaloisField.multiply(coefficient, get(input + i));
            RawMemory.putByte(output + i, (byte) sum);
        }
    }

    private static int get(long address) {
        return RawMemory.getByte(address) & 0xFF;
    }
}
