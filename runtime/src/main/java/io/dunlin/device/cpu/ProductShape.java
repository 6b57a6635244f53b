package io.dunlin.device.cpu;

import io.dunlin.tensor.DType;

/**
 * c[m,n] = a[m,k] * b[k,n] with any strides for a and b, so that a transposed operand is one with its strides swapped.
 *
 * @param m rows of a and c
 * @param n columns of b and c
 * @param k columns of a, rows of b
 * @param a strides of a
 * @param b strides of b
 * @param rowStride elements from one row of c to the next
 * @param inputs type of a, b and bias
 * @param output type of c
 * @param bias whether a vector is added to every row
 * @param addend what is added to the product
 * @param packing how b lies in memory when the product runs
 */
record ProductShape(
        int m,
        int n,
        int k,
        Strides a,
        Strides b,
        long rowStride,
        DType inputs,
        DType output,
        Bias bias,
        Addend addend,
        Packing packing) {

    /** Elements from one row to the next, and from one column to the next. */
    record Strides(long row, long column) {
        /** A matrix stored row by row. */
        static Strides plain(long rowStride) {
            return new Strides(rowStride, 1);
        }

        /** The transpose of a matrix stored row by row. */
        static Strides transposed(long rowStride) {
            return new Strides(1, rowStride);
        }
    }

    /** Whether a vector is added to every row. */
    enum Bias {
        NONE,
        EVERY_ROW
    }

    /** What is added to the product. */
    enum Addend {
        /** Nothing: c is overwritten. */
        NOTHING,
        /** The old contents of c. */
        RESULT,
        /** Another matrix with the strides and the type of c. */
        OTHER
    }

    /** How b lies in memory when the product runs. */
    enum Packing {
        /** With the strides of the shape. */
        AS_STORED,
        /** As {@link Product#pack} has left it. */
        PACKED
    }
}
