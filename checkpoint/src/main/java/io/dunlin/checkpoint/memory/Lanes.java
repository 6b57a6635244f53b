package io.dunlin.checkpoint.memory;

import static io.dunlin.collectives.wire.RawMemory.ALL;

import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Vectors of bytes, elements of {@link GaloisField}, at raw addresses. */
final class Lanes {
    private static final VectorSpecies<Byte> B = ByteVector.SPECIES_PREFERRED;
    /** Bytes in a vector. */
    static final int W = B.length();
    /** Bits that tell the lanes of a vector apart. */
    static final int INDEX_BITS = Integer.numberOfTrailingZeros(W);

    private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;
    static final ByteVector ZERO = ByteVector.zero(B);
    private static final ByteVector CARRY = ByteVector.broadcast(B, (byte) GaloisField.CARRY);

    private Lanes() {}

    /**
     * The address. C2 sees that it is far from the ends of all memory, and so leaves out the checks of accesses near it.
     */
    static long inBounds(long address) {
        return address & Long.MAX_VALUE >> 1;
    }

    static ByteVector load(long address) {
        return ByteVector.fromMemorySegment(B, ALL, inBounds(address), LE);
    }

    static void store(ByteVector vector, long address) {
        vector.intoMemorySegment(ALL, inBounds(address), LE);
    }

    static ByteVector sum(ByteVector a, ByteVector b) {
        return a.lanewise(VectorOperators.XOR, b);
    }

    /** 2 a. */
    static ByteVector doubled(ByteVector a) {
        return sum(a.add(a), ZERO.blend(CARRY, a.lt((byte) 0)));
    }

    /**
     * The bytes {@code a} times a coefficient: its products with their low bits, of which {@code selectFrom} takes as many as tell
     * the lanes apart, plus those with their high bits. What is above the high bits is of the next byte, and the table does not
     * heed it.
     */
    static ByteVector product(ByteVector a, ByteVector lowTable, ByteVector highTable) {
        ByteVector high = a.reinterpretAsLongs()
                .lanewise(VectorOperators.LSHR, INDEX_BITS)
                .reinterpretAsBytes();
        return sum(a.selectFrom(lowTable), high.selectFrom(highTable));
    }
}
