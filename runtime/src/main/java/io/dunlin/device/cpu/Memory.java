package io.dunlin.device.cpu;

import io.dunlin.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Access by raw address, through one constant segment.
 *
 * <p>Kernels must not take segments as parameters: once the process has used heap segments, C2 compiles such kernels
 * with a polluted type profile and they lose half their speed. With this constant the type is exact and the checks fold
 * away. Bounds and lifetimes are checked by {@link io.dunlin.tensor.Tensor}, before.
 */
final class Memory {
    /** The whole address space. */
    static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final ValueLayout.OfShort BF16 = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final ValueLayout.OfDouble F64 = ValueLayout.JAVA_DOUBLE_UNALIGNED;
    private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED;

    /** What every NaN becomes in BF16. */
    static final short QUIET_NAN = 0x7FC0;

    private Memory() {}

    static float f32(long address) {
        return ALL.get(F32, address);
    }

    static void f32(long address, float value) {
        ALL.set(F32, address, value);
    }

    static float bf16(long address) {
        return Float.intBitsToFloat(ALL.get(BF16, address) << 16);
    }

    static void bf16(long address, float value) {
        ALL.set(BF16, address, toBf16(value));
    }

    static double f64(long address) {
        return ALL.get(F64, address);
    }

    static void f64(long address, double value) {
        ALL.set(F64, address, value);
    }

    static int i32(long address) {
        return ALL.get(I32, address);
    }

    /** The element of type F32 or BF16 at {@code address}, widened. */
    static float load(DType type, long address) {
        return type == DType.F32 ? f32(address) : bf16(address);
    }

    /** Stores {@code value} as F32 or BF16. */
    static void store(DType type, long address, float value) {
        if (type == DType.F32) {
            f32(address, value);
        } else {
            bf16(address, value);
        }
    }

    /** The nearest BF16, ties to even; every NaN becomes the quiet one. */
    static short toBf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return QUIET_NAN;
        }
        return (short) ((bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16);
    }
}
