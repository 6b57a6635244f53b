package io.dunlin.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A typed view on memory, seen as a matrix: {@link #rows()} rows of {@link #columns()} elements, {@link #rowStride()}
 * elements apart.
 *
 * <p>Bounds and liveness are checked once, here; kernels then work on {@link #address()}. Instances are made when a
 * step is planned, never in the step path.
 */
public final class Tensor {
    /** Stands for "no tensor" where an operand is optional. */
    public static final Tensor NONE = new Tensor(DType.F32, Shape.of(0), 0, MemorySegment.NULL);

    private final DType dtype;
    private final Shape shape;
    private final long rows;
    private final long columns;
    private final long rowStride;
    private final MemorySegment segment;
    private final long address;

    private Tensor(DType dtype, Shape shape, long rowStride, MemorySegment segment) {
        this.dtype = dtype;
        this.shape = shape;
        this.rows = shape.rows();
        this.columns = shape.columns();
        this.rowStride = rowStride;
        this.segment = segment;
        this.address = segment.address();
        long spanned = rows == 0 || columns == 0 ? 0 : (rows - 1) * rowStride + columns;
        if (spanned * dtype.bytes() > segment.byteSize()) {
            throw new IllegalArgumentException("%s %s with row stride %d needs %d bytes, the segment has %d"
                    .formatted(dtype, shape, rowStride, spanned * dtype.bytes(), segment.byteSize()));
        }
    }

    /** A dense tensor at the start of {@code segment}. */
    public static Tensor of(DType dtype, Shape shape, MemorySegment segment) {
        return new Tensor(
                dtype,
                shape,
                shape.columns(),
                segment.asSlice(0, Math.min(segment.byteSize(), shape.elements() * dtype.bytes())));
    }

    /** Columns {@code first} to {@code first + count} of every row, sharing this memory. */
    public Tensor columns(long first, long count) {
        if (first < 0 || count < 0 || first + count > columns) {
            throw new IllegalArgumentException("columns %d..%d of %s".formatted(first, first + count, shape));
        }
        return new Tensor(
                dtype, Shape.of(rows, count), rowStride, segment.asSlice(rows == 0 ? 0 : first * dtype.bytes()));
    }

    /** Rows {@code first} to {@code first + count}, sharing this memory. */
    public Tensor rows(long first, long count) {
        if (first < 0 || count < 0 || first + count > rows) {
            throw new IllegalArgumentException("rows %d..%d of %s".formatted(first, first + count, shape));
        }
        return new Tensor(
                dtype,
                Shape.of(count, columns),
                rowStride,
                segment.asSlice(count == 0 ? 0 : first * rowStride * dtype.bytes()));
    }

    /** The same memory with another shape of as many elements; only for dense tensors. */
    public Tensor reshape(Shape other) {
        if (!dense() || other.elements() != shape.elements()) {
            throw new IllegalArgumentException("cannot see %s as %s".formatted(shape, other));
        }
        return new Tensor(dtype, other, other.columns(), segment);
    }

    /** Whether this is a real tensor and not {@link #NONE}. */
    public boolean present() {
        return this != NONE;
    }

    /** The element type. */
    public DType dtype() {
        return dtype;
    }

    /** The logical shape. */
    public Shape shape() {
        return shape;
    }

    /** The product of all extents but the innermost. */
    public long rows() {
        return rows;
    }

    /** The innermost extent. */
    public long columns() {
        return columns;
    }

    /** Elements from the start of one row to the start of the next. */
    public long rowStride() {
        return rowStride;
    }

    /** Whether the rows follow each other without a gap. */
    public boolean dense() {
        return rowStride == columns || rows <= 1;
    }

    /** How many elements. */
    public long elements() {
        return rows * columns;
    }

    /** Bytes of the elements, without gaps between rows. */
    public long bytes() {
        return elements() * dtype.bytes();
    }

    /** The memory; it starts at the first element. */
    public MemorySegment segment() {
        return segment;
    }

    /** Address of the first element. */
    public long address() {
        return address;
    }

    /** Element {@code index} of a dense tensor in row-major order, widened to float; for tests and small reads. */
    public float get(long index) {
        return switch (dtype) {
            case F32 -> segment.getAtIndex(ValueLayout.JAVA_FLOAT, index);
            case BF16 -> Float.intBitsToFloat(segment.getAtIndex(ValueLayout.JAVA_SHORT, index) << 16);
            case F64 -> (float) segment.getAtIndex(ValueLayout.JAVA_DOUBLE, index);
            case I32 -> segment.getAtIndex(ValueLayout.JAVA_INT, index);
            case I8 -> segment.get(ValueLayout.JAVA_BYTE, index);
        };
    }

    @Override
    public String toString() {
        return dtype + shape.toString();
    }
}
