package io.dunlin.device.cpu;

import io.dunlin.tensor.Tensor;

/** Reads and writes single elements of F32 and BF16 tensors by row and column: how the plain kernels see memory. */
final class Element {
    private Element() {}

    static float get(Tensor tensor, long row, long column) {
        return Memory.load(tensor.dtype(), address(tensor, row, column));
    }

    static void set(Tensor tensor, long row, long column, double value) {
        Memory.store(tensor.dtype(), address(tensor, row, column), (float) value);
    }

    /** Stores {@code value + beta * old}; with beta 0 the old value is not read. */
    static void accumulate(Tensor tensor, long row, long column, double value, float beta) {
        set(tensor, row, column, beta == 0 ? value : value + beta * get(tensor, row, column));
    }

    /** An element of a vector, whatever its shape. */
    static float get(Tensor vector, long index) {
        return Memory.load(
                vector.dtype(), vector.address() + index * vector.dtype().bytes());
    }

    static void set(Tensor vector, long index, double value) {
        Memory.store(vector.dtype(), vector.address() + index * vector.dtype().bytes(), (float) value);
    }

    static void accumulate(Tensor vector, long index, double value, float beta) {
        set(vector, index, beta == 0 ? value : value + beta * get(vector, index));
    }

    /** An element of an I32 vector. */
    static int index(Tensor vector, long index) {
        return Memory.i32(vector.address() + index * Integer.BYTES);
    }

    private static long address(Tensor tensor, long row, long column) {
        return tensor.address()
                + (row * tensor.rowStride() + column) * tensor.dtype().bytes();
    }
}
