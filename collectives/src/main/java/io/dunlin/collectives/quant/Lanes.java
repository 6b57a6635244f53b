package io.dunlin.collectives.quant;

import static io.dunlin.collectives.wire.RawMemory.ALL;

import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Vectors of floats, and as many narrower integers, at raw addresses. */
final class Lanes {
    static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
    static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
    static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;
    /** Floats in a vector. */
    static final int W = F.length();

    /** The loops over blocks take whole multiples of so many floats, which are whole groups too. */
    static final int STEP = Math.max(4 * W, BlockFormat.GROUP_ELEMENTS);

    /** Adding it to a float below 2^22 leaves the nearest integer, ties to even, in the low bits. */
    static final FloatVector ROUNDER = constant(0x1.8p23f);

    private static final VectorSpecies<Short> S =
            VectorSpecies.of(short.class, VectorShape.forBitSize(F.vectorBitSize() / 2));
    private static final VectorSpecies<Byte> B =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(F.vectorBitSize() / 4));

    private Lanes() {}

    /**
     * The address. C2 sees that it is far from the ends of all memory, and so leaves out the checks of accesses near it:
     * with them it cuts a loop into ranges, whose bounds it finds again and again.
     */
    static long inBounds(long address) {
        return address & Long.MAX_VALUE >> 1;
    }

    static FloatVector constant(float value) {
        return FloatVector.broadcast(F, value);
    }

    /** The float at an address, in every lane. */
    static FloatVector constantAt(long address) {
        return constant(ALL.get(ValueLayout.JAVA_FLOAT_UNALIGNED, inBounds(address)));
    }

    static FloatVector load(long address) {
        return FloatVector.fromMemorySegment(F, ALL, address, LE);
    }

    static void store(FloatVector vector, long address) {
        vector.intoMemorySegment(ALL, address, LE);
    }

    /** Adds to what is there. */
    static void add(FloatVector vector, long address) {
        store(load(address).add(vector), address);
    }

    /** 16-bit integers, widened. */
    static IntVector loadShorts(long address) {
        return (IntVector) ShortVector.fromMemorySegment(S, ALL, address, LE).convertShape(VectorOperators.S2I, I, 0);
    }

    /** The low 16 bits of each. */
    static void storeShorts(IntVector vector, long address) {
        ((ShortVector) vector.convertShape(VectorOperators.I2S, S, 0)).intoMemorySegment(ALL, address, LE);
    }

    /** 8-bit integers, widened. */
    static IntVector loadBytes(long address) {
        return (IntVector) ByteVector.fromMemorySegment(B, ALL, address, LE).convertShape(VectorOperators.B2I, I, 0);
    }

    /** The low 8 bits of each. */
    static void storeBytes(IntVector vector, long address) {
        ((ByteVector) vector.convertShape(VectorOperators.I2B, B, 0)).intoMemorySegment(ALL, address, LE);
    }

    static FloatVector toFloats(IntVector vector) {
        return (FloatVector) vector.convertShape(VectorOperators.I2F, F, 0);
    }

    /** The bits without the sign. */
    static IntVector magnitude(long address) {
        return load(address).reinterpretAsInts().and(0x7FFFFFFF);
    }

    /** F32 times a factor, rounded: the integers are in the low 22 bits. */
    static IntVector rounded(long address, FloatVector factor) {
        return load(address).mul(factor).add(ROUNDER).reinterpretAsInts();
    }

    /** 8-bit levels times a factor. */
    static FloatVector scaled(long levels, FloatVector factor) {
        return toFloats(loadBytes(levels)).mul(factor);
    }

    /** Distance in bytes of the elements in the lower halves of the bytes from number {@code b} on. */
    static long ofPair(int b) {
        return 4L * (b + (b & -(BlockFormat.GROUP_ELEMENTS / 2)));
    }

    /** Two levels of 4 bits in the low byte of each lane. */
    static IntVector paired(IntVector low, IntVector high) {
        return low.and(0xF).or(high.lanewise(VectorOperators.LSHL, 4));
    }

    /** The levels in the lower halves of bytes, times a factor. */
    static FloatVector low(IntVector pairs, FloatVector factor) {
        return toFloats(pairs.lanewise(VectorOperators.LSHL, 28).lanewise(VectorOperators.ASHR, 28))
                .mul(factor);
    }

    /** The levels in the upper halves. */
    static FloatVector high(IntVector pairs, FloatVector factor) {
        return toFloats(pairs.lanewise(VectorOperators.ASHR, 4)).mul(factor);
    }
}
