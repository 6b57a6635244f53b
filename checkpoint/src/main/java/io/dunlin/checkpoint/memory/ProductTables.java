package io.dunlin.checkpoint.memory;

import static io.dunlin.checkpoint.memory.Lanes.W;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Two tables for each coefficient, of a vector each: its products with the low bits of a byte, as many as tell lanes apart, and
 * right behind them those with the other, high bits.
 */
final class ProductTables {
    private static final int BYTES = 2 * W;
    private static final MemorySegment TABLES = tables();

    private ProductTables() {}

    private static MemorySegment tables() {
        MemorySegment tables = Arena.global().allocate((long) GaloisField.ELEMENTS * BYTES, W);
        int most = (1 << Byte.SIZE - Lanes.INDEX_BITS) - 1;
        for (int coefficient = 0; coefficient < GaloisField.ELEMENTS; coefficient++) {
            for (int i = 0; i < W; i++) {
                long at = (long) coefficient * BYTES + i;
                int high = (i & most) << Lanes.INDEX_BITS;
                tables.set(ValueLayout.JAVA_BYTE, at, (byte) GaloisField.multiply(coefficient, i));
                tables.set(ValueLayout.JAVA_BYTE, at + W, (byte) GaloisField.multiply(coefficient, high));
            }
        }
        return tables.asReadOnly();
    }

    /** Where the tables of a coefficient are. */
    static long address(int coefficient) {
        return TABLES.address() + (long) coefficient * BYTES;
    }
}
