package io.dunlin.checkpoint.memory;

import java.util.Arrays;
import java.util.List;

/** A matrix over {@link GaloisField}; it does not change. */
final class ByteMatrix {
    private final int rows;
    private final int columns;
    /** [rows, columns]. */
    private final int[][] elements;

    /** An element by its row and column. */
    interface Elements {
        int at(int row, int column);
    }

    ByteMatrix(int rows, int columns, Elements elements) {
        this.rows = rows;
        this.columns = columns;
        this.elements = new int[rows][columns];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                this.elements[row][column] = elements.at(row, column);
            }
        }
    }

    static ByteMatrix identity(int size) {
        return new ByteMatrix(size, size, (row, column) -> row == column ? 1 : 0);
    }

    /**
     * Element (i, j) is 2^ij: ones, powers of 2, powers of 4 and so on. ISA-L calls it {@code gf_gen_rs_matrix}. Below an
     * identity, all choices of rows are independent for up to three rows and 255 columns; not so for more: of six data and five
     * parity shards, some three cannot be lost.
     */
    static ByteMatrix powers(int rows, int columns) {
        return new ByteMatrix(rows, columns, (row, column) -> GaloisField.powerOfTwo(row * column));
    }

    /**
     * Element (i, j) is 1 / ((columns + i) ^ j), a Cauchy matrix, all of whose square parts have inverses. ISA-L calls it
     * {@code gf_gen_cauchy1_matrix}.
     */
    static ByteMatrix cauchy(int rows, int columns) {
        return new ByteMatrix(rows, columns, (row, column) -> GaloisField.inverse((columns + row) ^ column));
    }

    int rows() {
        return rows;
    }

    int columns() {
        return columns;
    }

    int at(int row, int column) {
        return elements[row][column];
    }

    /** The elements of a row, which the caller leaves as they are. */
    int[] row(int row) {
        return elements[row];
    }

    /** These rows, and those of {@code lower} below them. */
    ByteMatrix above(ByteMatrix lower) {
        return new ByteMatrix(
                rows + lower.rows,
                columns,
                (row, column) -> row < rows ? at(row, column) : lower.at(row - rows, column));
    }

    ByteMatrix rows(List<Integer> chosen) {
        return new ByteMatrix(chosen.size(), columns, (row, column) -> at(chosen.get(row), column));
    }

    ByteMatrix times(ByteMatrix right) {
        return new ByteMatrix(rows, right.columns, (row, column) -> {
            int sum = 0;
            for (int i = 0; i < columns; i++) {
                sum ^= GaloisField.multiply(at(row, i), right.at(i, column));
            }
            return sum;
        });
    }

    /**
     * By elimination (Gauss and Jordan).
     *
     * @throws ArithmeticException if there is no inverse
     */
    ByteMatrix inverse() {
        int[][] left = new ByteMatrix(rows, rows, this::at).elements;
        int[][] right = identity(rows).elements;
        for (int pivot = 0; pivot < rows; pivot++) {
            int row = pivot;
            while (row < rows && left[row][pivot] == 0) {
                row++;
            }
            if (row == rows) {
                throw new ArithmeticException("the rows of the matrix are not independent");
            }
            swap(left, pivot, row);
            swap(right, pivot, row);
            int scale = GaloisField.inverse(left[pivot][pivot]);
            addMultiple(left[pivot], left[pivot], scale ^ 1);
            addMultiple(right[pivot], right[pivot], scale ^ 1);
            for (int other = 0; other < rows; other++) {
                int multiple = other == pivot ? 0 : left[other][pivot];
                addMultiple(left[other], left[pivot], multiple);
                addMultiple(right[other], right[pivot], multiple);
            }
        }
        return new ByteMatrix(rows, rows, (row, column) -> right[row][column]);
    }

    private static void swap(int[][] lines, int a, int b) {
        int[] line = lines[a];
        lines[a] = lines[b];
        lines[b] = line;
    }

    private static void addMultiple(int[] target, int[] line, int multiple) {
        for (int i = 0; multiple != 0 && i < target.length; i++) {
            target[i] ^= GaloisField.multiply(multiple, line[i]);
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ByteMatrix matrix && Arrays.deepEquals(elements, matrix.elements);
    }

    @Override
    public int hashCode() {
        return Arrays.deepHashCode(elements);
    }

    @Override
    public String toString() {
        return Arrays.deepToString(elements);
    }
}
