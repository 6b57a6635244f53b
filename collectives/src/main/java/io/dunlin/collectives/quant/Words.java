package io.dunlin.collectives.quant;

import static io.dunlin.collectives.wire.RawMemory.ALL;

import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Vectors of 32-bit words in lanes of 64 bits, as {@link PhiloxLoops} needs them. */
final class Words {
    static final VectorSpecies<Long> L = LongVector.SPECIES_PREFERRED;

    private static final long LOWER = 0xFFFFFFFFL;

    private Words() {}

    static LongVector load(long address) {
        return LongVector.fromMemorySegment(L, ALL, address, Lanes.LE);
    }

    static void store(LongVector vector, long address) {
        vector.intoMemorySegment(ALL, address, Lanes.LE);
    }

    /** All 64 bits of the product of the lower halves. */
    static LongVector product(LongVector words, LongVector multiplier) {
        return words.and(LOWER).mul(multiplier.and(LOWER));
    }

    /** The upper half of a product, combined with another word and a key. */
    static LongVector mixed(LongVector product, LongVector word, long key) {
        return product.lanewise(VectorOperators.LSHR, 32)
                .lanewise(VectorOperators.XOR, word)
                .lanewise(VectorOperators.XOR, key);
    }

    /** Two words in one. */
    static LongVector pair(LongVector low, LongVector high) {
        return low.and(LOWER).or(high.lanewise(VectorOperators.LSHL, 32));
    }
}
