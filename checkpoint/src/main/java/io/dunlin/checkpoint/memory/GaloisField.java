package io.dunlin.checkpoint.memory;

/**
 * The field of 256 elements that RAID-6 and ISA-L compute in: polynomials over two elements, modulo x^8 + x^4 + x^3 + x^2 + 1
 * (0x11D), of which 2 generates all but 0. Adding is {@code ^}. Elements are ints of 0 to 255.
 *
 * <p>Source: H. P. Anvin, "The mathematics of RAID-6". The polynomial of AES, 0x11B, makes another field.
 */
final class GaloisField {
    static final int ELEMENTS = 256;
    /** What the bit that leaves a byte when it is doubled comes back as. */
    static final int CARRY = 0x1D;

    private static final int NONZERO = ELEMENTS - 1;
    private static final byte[] POWERS = new byte[2 * NONZERO];
    private static final short[] LOGARITHMS = new short[ELEMENTS];

    static {
        int power = 1;
        for (int exponent = 0; exponent < NONZERO; exponent++) {
            POWERS[exponent] = (byte) power;
            POWERS[exponent + NONZERO] = (byte) power;
            LOGARITHMS[power] = (short) exponent;
            power = ((power << 1) & NONZERO) ^ ((power >> 7) * CARRY);
        }
    }

    private GaloisField() {}

    static int multiply(int a, int b) {
        return a == 0 || b == 0 ? 0 : POWERS[LOGARITHMS[a] + LOGARITHMS[b]] & NONZERO;
    }

    /**
     * 1 / a.
     *
     * @throws ArithmeticException if a is 0
     */
    static int inverse(int a) {
        if (a == 0) {
            throw new ArithmeticException("0 has no inverse");
        }
        return POWERS[NONZERO - LOGARITHMS[a]] & NONZERO;
    }

    /** 2 to any power, which may be negative. */
    static int powerOfTwo(int exponent) {
        return POWERS[Math.floorMod(exponent, NONZERO)] & NONZERO;
    }
}
