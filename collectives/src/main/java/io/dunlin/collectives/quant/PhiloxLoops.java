package io.dunlin.collectives.quant;

import static io.dunlin.collectives.quant.Words.L;
import static io.dunlin.collectives.quant.Words.load;
import static io.dunlin.collectives.quant.Words.mixed;
import static io.dunlin.collectives.quant.Words.pair;
import static io.dunlin.collectives.quant.Words.product;
import static io.dunlin.collectives.quant.Words.store;

import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Philox-4x32 with 10 rounds, a counter in each lane of 64 bits.
 *
 * <p>The four words of the counters lie in four rows of memory, each word in the lower half of a lane; what is in the upper
 * halves does not matter. Two rounds are made on all counters, then the next two: all ten in one loop would put vectors on
 * the heap.
 */
final class PhiloxLoops {
    /** Counters whose 128 bits are the random numbers of one group. */
    private static final int GROUP_COUNTERS = 8;

    private static final int VECTOR_BYTES = L.vectorByteSize();
    private static final int ROW_BYTES = GROUP_COUNTERS * Long.BYTES;
    private static final LongVector MULTIPLIER_0 = LongVector.broadcast(L, 0xD2511F53L);
    private static final LongVector MULTIPLIER_1 = LongVector.broadcast(L, 0xCD9E8D57L);
    private static final LongVector STEPS = LongVector.zero(L).addIndex(1);
    private static final long WEYL_0 = 0x9E3779B9L;
    private static final long WEYL_1 = 0xBB67AE85L;
    private static final int ROUNDS = 10;

    private PhiloxLoops() {}

    /** As {@link BlockKernels#random}. */
    static void fill(long key, long lane, long firstGroup, int groups, long target) {
        long rowBytes = (long) groups * ROW_BYTES;
        long words = target + 2 * rowBytes;
        begin(firstGroup * GROUP_COUNTERS, lane, words, rowBytes);
        for (int round = 0; round < ROUNDS; round += 2) {
            twoRounds(key + round * WEYL_0, (key >>> 32) + round * WEYL_1, words, rowBytes);
        }
        finish(words, rowBytes, target);
    }

    private static void begin(long counter, long lane, long words, long rowBytes) {
        LongVector word2 = LongVector.broadcast(L, lane);
        LongVector word3 = LongVector.broadcast(L, lane >>> 32);
        for (long i = 0; i < rowBytes; i += VECTOR_BYTES) {
            LongVector word0 = STEPS.add(counter + i / Long.BYTES);
            store(word0, words + i);
            store(word0.lanewise(VectorOperators.LSHR, 32), words + rowBytes + i);
            store(word2, words + 2 * rowBytes + i);
            store(word3, words + 3 * rowBytes + i);
        }
    }

    private static void twoRounds(long key0, long key1, long words, long rowBytes) {
        for (long i = 0; i < rowBytes; i += VECTOR_BYTES) {
            LongVector product0 = product(load(words + i), MULTIPLIER_0);
            LongVector product1 = product(load(words + 2 * rowBytes + i), MULTIPLIER_1);
            LongVector word0 = mixed(product1, load(words + rowBytes + i), key0);
            LongVector word2 = mixed(product0, load(words + 3 * rowBytes + i), key1);
            LongVector next0 = product(word0, MULTIPLIER_0);
            LongVector next1 = product(word2, MULTIPLIER_1);
            store(mixed(next1, product1, key0 + WEYL_0), words + i);
            store(next1, words + rowBytes + i);
            store(mixed(next0, product0, key1 + WEYL_1), words + 2 * rowBytes + i);
            store(next0, words + 3 * rowBytes + i);
        }
    }

    /** Words 0 and 1 of a group's counters, then words 2 and 3. */
    private static void finish(long words, long rowBytes, long target) {
        for (long i = 0; i < rowBytes; i += VECTOR_BYTES) {
            long at = target + i / ROW_BYTES * 2 * ROW_BYTES + i % ROW_BYTES;
            store(pair(load(words + i), load(words + rowBytes + i)), at);
            store(pair(load(words + 2 * rowBytes + i), load(words + 3 * rowBytes + i)), at + ROW_BYTES);
        }
    }
}
