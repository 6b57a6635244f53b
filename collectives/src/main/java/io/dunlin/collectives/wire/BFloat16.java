package io.dunlin.collectives.wire;

/** The upper half of a single: conversions with round to nearest, ties to even. */
public final class BFloat16 {
    private static final short QUIET_NAN = 0x7FC0;

    private BFloat16() {}

    /** The float with these upper bits. */
    public static float widen(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    /** The upper bits of the nearest BF16; NaN stays NaN. */
    public static short narrow(float value) {
        if (Float.isNaN(value)) {
            return QUIET_NAN;
        }
        int bits = Float.floatToRawIntBits(value);
        return (short) ((bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16);
    }
}
