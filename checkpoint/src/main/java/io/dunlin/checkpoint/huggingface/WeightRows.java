package io.dunlin.checkpoint.huggingface;

import io.dunlin.checkpoint.format.StoredType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Converts rows of a stored weight to F32 [out, in], and back to what a file holds. */
final class WeightRows {
    private WeightRows() {}

    /** Fills {@code target} with rows {@code first} to {@code first + count} of a weight, in our order. */
    static void read(WeightFiles.Stored stored, ModelWeight weight, long first, long count, MemorySegment target) {
        MemorySegment source = stored.bytes();
        StoredType dtype = stored.tensor().dtype();
        long columns = weight.shape().columns();
        if (weight.order() == ModelWeight.Order.SAME) {
            long elementBytes = dtype.bits() / 8;
            MemorySegment rows = source.asSlice(first * columns * elementBytes, count * columns * elementBytes);
            if (dtype == StoredType.F32) {
                MemorySegment.copy(rows, 0, target, 0, rows.byteSize());
            } else {
                for (long i = 0; i < count * columns; i++) {
                    target.setAtIndex(ValueLayout.JAVA_FLOAT, i, get(rows, dtype, i));
                }
            }
            return;
        }
        long rowsOfAll = weight.shape().extent(0);
        for (long column = 0; column < columns; column++) {
            for (long row = 0; row < count; row++) {
                float value = get(source, dtype, column * rowsOfAll + first + row);
                target.setAtIndex(ValueLayout.JAVA_FLOAT, row * columns + column, value);
            }
        }
    }

    /** Fills {@code target} with rows {@code first} to {@code first + count} of the file's form of a weight, F32. */
    static void write(MemorySegment source, ModelWeight weight, long first, long count, MemorySegment target) {
        long columns = weight.externalShape().columns();
        if (weight.order() == ModelWeight.Order.SAME) {
            MemorySegment.copy(source, first * columns * 4, target, 0, count * columns * 4);
            return;
        }
        long inputs = weight.shape().extent(1);
        for (long column = 0; column < columns; column++) {
            for (long row = 0; row < count; row++) {
                target.setAtIndex(
                        ValueLayout.JAVA_FLOAT,
                        row * columns + column,
                        source.getAtIndex(ValueLayout.JAVA_FLOAT, column * inputs + first + row));
            }
        }
    }

    private static float get(MemorySegment source, StoredType dtype, long index) {
        return switch (dtype) {
            case F32 -> source.get(ValueLayout.JAVA_FLOAT_UNALIGNED, index * 4);
            case BF16 -> Float.intBitsToFloat(source.get(ValueLayout.JAVA_SHORT_UNALIGNED, index * 2) << 16);
            case F16 -> Float.float16ToFloat(source.get(ValueLayout.JAVA_SHORT_UNALIGNED, index * 2));
            default -> throw new IllegalArgumentException("not a type of weights: " + dtype);
        };
    }
}
