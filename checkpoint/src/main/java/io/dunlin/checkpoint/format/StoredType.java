package io.dunlin.checkpoint.format;

import io.dunlin.tensor.DType;
import java.util.Optional;

/** Element types that a safetensors file may hold; the constants have the names of the format. */
public enum StoredType {
    /** One byte, 0 or 1. */
    BOOL(8),
    /** 4-bit float. */
    F4(4),
    /** 6-bit float, 2 bits of exponent. */
    F6_E2M3(6),
    /** 6-bit float, 3 bits of exponent. */
    F6_E3M2(6),
    /** Unsigned 8 bits. */
    U8(8),
    /** Signed 8 bits. */
    I8(8),
    /** 8-bit float, 5 bits of exponent. */
    F8_E5M2(8),
    /** 8-bit float, 4 bits of exponent. */
    F8_E4M3(8),
    /** 8-bit float without negative zero and infinity, 5 bits of exponent. */
    F8_E5M2FNUZ(8),
    /** 8-bit float without negative zero and infinity, 4 bits of exponent. */
    F8_E4M3FNUZ(8),
    /** 8-bit power of two. */
    F8_E8M0(8),
    /** Signed 16 bits. */
    I16(16),
    /** Unsigned 16 bits. */
    U16(16),
    /** IEEE 754 half precision. */
    F16(16),
    /** The upper half of a single. */
    BF16(16),
    /** Signed 32 bits. */
    I32(32),
    /** Unsigned 32 bits. */
    U32(32),
    /** IEEE 754 single precision. */
    F32(32),
    /** Two singles: real and imaginary part. */
    C64(64),
    /** IEEE 754 double precision. */
    F64(64),
    /** Signed 64 bits. */
    I64(64),
    /** Unsigned 64 bits. */
    U64(64);

    private final int bits;

    StoredType(int bits) {
        this.bits = bits;
    }

    /** Bits of one element. */
    public int bits() {
        return bits;
    }

    /** The stored form of a tensor's type. */
    public static StoredType of(DType dtype) {
        return valueOf(dtype.safetensorsName());
    }

    /** The tensor type with the same bits, where there is one. */
    public Optional<DType> dtype() {
        for (DType dtype : DType.values()) {
            if (dtype.safetensorsName().equals(name())) {
                return Optional.of(dtype);
            }
        }
        return Optional.empty();
    }
}
