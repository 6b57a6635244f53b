package io.dunlin.data;

import io.dunlin.tensor.Philox;

/**
 * A permutation of {@code [0, samples)} by a Feistel network over the smallest power of two that holds it; a value
 * outside is put through the network again until it falls inside (cycle walking: Black and Rogaway, "Ciphers with
 * Arbitrary Finite Domains", CT-RSA 2002). Less than two rounds through the network on average.
 *
 * <p>Part of the contract of a run that resumes: same seed and epoch, same order, for ever.
 */
final class ShuffledOrder implements SampleOrder {
    private static final int ROUNDS = 8;

    private final long seed;
    private volatile Keyed last;

    private record Keyed(long epoch, Philox random) {}

    ShuffledOrder(long seed) {
        this.seed = seed;
        this.last = key(0);
    }

    @Override
    public long sample(long epoch, long index, long samples) {
        if (index < 0 || index >= samples) {
            throw new IllegalArgumentException("sample %d of %d".formatted(index, samples));
        }
        if (samples == 1) {
            return 0;
        }
        Keyed keyed = last;
        if (keyed.epoch != epoch) {
            keyed = key(epoch);
            last = keyed;
        }
        int bits = Math.max(2, Long.SIZE - Long.numberOfLeadingZeros(samples - 1));
        long value = index;
        do {
            value = network(keyed.random, value, bits);
        } while (value >= samples);
        return value;
    }

    /** Alternately masks the upper part with a function of the lower, and the lower with one of the upper. */
    private static long network(Philox random, long value, int bits) {
        int lowBits = bits / 2;
        long lowMask = (1L << lowBits) - 1;
        long highMask = (1L << bits - lowBits) - 1;
        long low = value & lowMask;
        long high = value >>> lowBits;
        for (int round = 0; round < ROUNDS; round += 2) {
            high ^= random.bits(round, low) & highMask;
            low ^= random.bits(round + 1, high) & lowMask;
        }
        return high << lowBits | low;
    }

    private Keyed key(long epoch) {
        return new Keyed(epoch, Philox.keyed(seed, "sample-order", Long.toString(epoch)));
    }
}
