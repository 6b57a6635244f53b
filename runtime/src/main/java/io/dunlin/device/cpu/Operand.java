package io.dunlin.device.cpu;

import io.dunlin.tensor.DType;
import io.dunlin.tensor.Tensor;

/**
 * One operand of the call in progress, as rows of F32 whatever its type: F32 rows are used in place, BF16 rows pass
 * through a buffer that stays in the first-level cache. So there is one kernel, in F32 arithmetic, for both types.
 */
final class Operand {
    private long address;
    private long rowStride;
    private int elementBytes;
    private boolean narrow;

    void set(Tensor tensor) {
        address = tensor.address();
        rowStride = tensor.rowStride();
        elementBytes = tensor.dtype().bytes();
        narrow = tensor.dtype() == DType.BF16;
    }

    long at(long row, long column) {
        return address + (row * rowStride + column) * elementBytes;
    }

    /** One element, widened. */
    float get(long row, long column) {
        return narrow ? Memory.bf16(at(row, column)) : Memory.f32(at(row, column));
    }

    /** Whether none of these elements is NaN or infinite. */
    boolean finite(long firstRow, int rows, long column, int count) {
        long here = at(firstRow, column);
        long stride = rowStride * elementBytes;
        return narrow ? RowLoops.finiteNarrow(here, stride, rows, count) : RowLoops.finite(here, stride, rows, count);
    }

    /** Address of {@code count} elements as F32: in place, or widened into {@code buffer}. */
    long read(long row, long column, int count, long buffer) {
        long here = at(row, column);
        if (!narrow) {
            return here;
        }
        RowLoops.widen(here, buffer, count);
        return buffer;
    }

    /** Copies {@code count} elements to {@code buffer}, widened. */
    void load(long row, long column, int count, long buffer) {
        if (narrow) {
            RowLoops.widen(at(row, column), buffer, count);
        } else {
            RowLoops.move(at(row, column), buffer, count);
        }
    }

    /** Where to compute {@code count} results as F32: in place, or in {@code buffer}. Then call {@link #written}. */
    long target(long row, long column, long buffer) {
        return narrow ? buffer : at(row, column);
    }

    /** Rounds results computed in {@code buffer} into place, if they are not there already. */
    void written(long row, long column, int count, long buffer) {
        if (narrow) {
            RowLoops.narrow(buffer, at(row, column), count);
        }
    }

    /** Stores {@code count} F32 from {@code from}, rounded if this is BF16. */
    void store(long row, long column, int count, long from) {
        if (narrow) {
            RowLoops.narrow(from, at(row, column), count);
        } else {
            RowLoops.move(from, at(row, column), count);
        }
    }

    /** Adds {@code rows} rows of {@link ReductionLoops#COLUMNS} elements from {@code column} to F32 sums. */
    void addRowsTo(long sums, long rows, long column) {
        if (narrow) {
            ReductionLoops.addNarrowRows(at(0, column), rowStride * elementBytes, rows, sums);
        } else {
            ReductionLoops.addRows(at(0, column), rowStride * elementBytes, rows, sums);
        }
    }
}
