package io.dunlin.tensor;

/** Element types of tensors. */
public enum DType {
    /** IEEE 754 single precision. */
    F32(4, "F32"),
    /** The upper half of a single: 8 bits of exponent, 7 of fraction. */
    BF16(2, "BF16"),
    /** IEEE 754 double precision; sums and scalars on the wire. */
    F64(8, "F64"),
    /** Signed 32 bits: tokens and targets. */
    I32(4, "I32"),
    /** Signed 8 bits: wire and storage. */
    I8(1, "I8");

    private final int bytes;
    private final String safetensorsName;

    DType(int bytes, String safetensorsName) {
        this.bytes = bytes;
        this.safetensorsName = safetensorsName;
    }

    /** Bytes of one element. */
    public int bytes() {
        return bytes;
    }

    /** The name used in the header of a safetensors file. */
    public String safetensorsName() {
        return safetensorsName;
    }
}
