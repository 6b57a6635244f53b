package io.dunlin.collectives.quant;

import io.dunlin.tensor.Philox;
import jdk.incubator.vector.FloatVector;

/**
 * What is done to a block of at most {@link BlockFormat#MOST_BLOCK_ELEMENTS} elements, or to some whole ones. Floats are F32 at raw addresses;
 * levels lie as {@link BlockFormat} says. {@link PlainKernels} are the specification of {@link VectorKernels}: the same
 * bits, except for {@link #powers}.
 */
abstract sealed class BlockKernels permits PlainKernels, VectorKernels {
    /** Random numbers are made for so many elements at a time: 16 bits of each of 8 counters' 128. */
    static final int RANDOM_GROUP = 64;

    /** Room that making a random number takes. */
    static final int RANDOM_BYTES = 3 * Short.BYTES;

    private static final int LEAST_VECTOR_BITS = 256;

    /** The fastest on this machine. */
    static BlockKernels of(int bits) {
        return FloatVector.SPECIES_PREFERRED.vectorBitSize() < LEAST_VECTOR_BITS
                ? new PlainKernels(bits)
                : new VectorKernels(bits);
    }

    /**
     * The bits of the largest magnitude of each of neighbouring blocks of {@code count}; at least those of infinity if an
     * element is not finite.
     */
    abstract void largestBits(long x, long target, int blocks, int count);

    /** BF16 to F32. */
    abstract void widen(long halves, long target, int count);

    /** F32 to BF16, to nearest even. */
    abstract void narrow(long x, long halves, int count);

    /** The levels nearest to x * inverse, ties to even, of neighbouring blocks of {@code count}, an inverse for each. */
    abstract void quantize(long inverses, long x, long levels, int blocks, int count);

    /**
     * target = x * inverse plus a random number between -1/2 and 1/2, kept within the largest level: what {@link #quantize}
     * rounds stochastically.
     *
     * @param noise a signed 16-bit random number for each element
     */
    abstract void dither(long x, float inverse, long noise, long target, int count);

    /** target = level * scale, of neighbouring blocks of {@code count}, a scale for each. */
    abstract void dequantize(long scales, long levels, long target, int blocks, int count);

    /** target += level * scale. */
    abstract void accumulate(long scales, long levels, long target, int blocks, int count);

    /** target = level * scale, plus level * scale of another message that is {@code distance} bytes further. */
    void sumOfTwo(long scales, long levels, long distance, long target, int blocks, int count) {
        dequantize(scales, levels, target, blocks, count);
        accumulate(scales + distance, levels + distance, target, blocks, count);
    }

    /** x = x / divisor. */
    abstract void divide(long x, float divisor, int count);

    /** error = beta * error + (1 - beta) * (x - decoded). */
    abstract void carry(long error, float beta, long x, long decoded, int count);

    /** Sums of squares of x * inverse, and of its difference from {@code decoded}, which is in units of the scale. */
    abstract void powers(long x, float inverse, long decoded, int count, Meter meter);

    /**
     * The random numbers of whole groups of {@link #RANDOM_GROUP} elements. Element e of a lane has the 16 bits number
     * e % 4 of half e / 32 % 2 at counter e / 64 * 8 + e % 32 / 4.
     *
     * @param target room for {@link #RANDOM_BYTES} an element, the first third of it for the numbers
     */
    abstract void random(Philox philox, long lane, long firstGroup, int groups, long target);

    /** Where {@link #powers} leaves its sums. */
    static final class Meter {
        double signal;
        double noise;
    }
}
