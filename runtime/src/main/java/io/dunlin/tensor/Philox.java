package io.dunlin.tensor;

import java.nio.charset.StandardCharsets;

/**
 * Counter-based random numbers: the n-th number of a key is computed, not reached by stepping (Salmon et al., "Parallel
 * Random Numbers: As Easy as 1, 2, 3", SC 2011: Philox-4x32 with 10 rounds).
 *
 * <p>A key names a use: the run's seed, a purpose such as {@code init}, and a name such as a tensor's. So a value does
 * not depend on which rank asks for it, or in which order.
 */
public final class Philox {
    private static final int MULTIPLIER_0 = 0xD2511F53;
    private static final int MULTIPLIER_1 = 0xCD9E8D57;
    private static final int WEYL_0 = 0x9E3779B9;
    private static final int WEYL_1 = 0xBB67AE85;
    private static final int ROUNDS = 10;

    private final int key0;
    private final int key1;

    private Philox(long key) {
        this.key0 = (int) key;
        this.key1 = (int) (key >>> 32);
    }

    /** The generator of one use: numbers of different seeds, purposes or names are unrelated. */
    public static Philox keyed(long seed, String purpose, String name) {
        long hash = mix(seed ^ 0x9E3779B97F4A7C15L);
        for (byte b : (purpose + '\u0000' + name).getBytes(StandardCharsets.UTF_8)) {
            hash = mix(hash ^ (b & 0xFF));
        }
        return new Philox(hash);
    }

    /** The generator with exactly this key, for comparing with published test vectors. */
    static Philox ofKey(int key0, int key1) {
        return new Philox((key0 & 0xFFFFFFFFL) | ((long) key1 << 32));
    }

    /** What the generator is keyed by: all that another implementation of Philox needs to give the same numbers. */
    public long key() {
        return (key0 & 0xFFFFFFFFL) | ((long) key1 << 32);
    }

    /** 64 random bits at {@code counter} of {@code lane}; lanes are independent sequences. */
    public long bits(long lane, long counter) {
        return bits(lane, counter, 0);
    }

    /** One of the two times 64 random bits at {@code counter} of {@code lane}: {@code half} 0 or 1. */
    public long bits(long lane, long counter, int half) {
        return block((int) counter, (int) (counter >>> 32), (int) lane, (int) (lane >>> 32), half);
    }

    /** A double in [0, 1) at {@code counter}. */
    public double uniform(long lane, long counter) {
        return (bits(lane, counter) >>> 11) * 0x1.0p-53;
    }

    /** A standard normal at {@code counter}, by Box and Muller. */
    public double normal(long lane, long counter) {
        long low = bits(lane, counter);
        long high = bits(lane, counter, 1);
        double radius = Math.sqrt(-2.0 * Math.log(((low >>> 11) + 1) * 0x1.0p-53));
        return radius * Math.cos(2.0 * Math.PI * ((high >>> 11) * 0x1.0p-53));
    }

    /** The counter's four output words, in pairs: {@code half} 0 gives words 0 and 1, 1 gives words 2 and 3. */
    long block(int counter0, int counter1, int counter2, int counter3, int half) {
        int c0 = counter0;
        int c1 = counter1;
        int c2 = counter2;
        int c3 = counter3;
        int k0 = key0;
        int k1 = key1;
        for (int round = 0; round < ROUNDS; round++) {
            long product0 = (MULTIPLIER_0 & 0xFFFFFFFFL) * (c0 & 0xFFFFFFFFL);
            long product1 = (MULTIPLIER_1 & 0xFFFFFFFFL) * (c2 & 0xFFFFFFFFL);
            int next0 = (int) (product1 >>> 32) ^ c1 ^ k0;
            int next2 = (int) (product0 >>> 32) ^ c3 ^ k1;
            c1 = (int) product1;
            c3 = (int) product0;
            c0 = next0;
            c2 = next2;
            k0 += WEYL_0;
            k1 += WEYL_1;
        }
        return half == 0 ? (c0 & 0xFFFFFFFFL) | ((long) c1 << 32) : (c2 & 0xFFFFFFFFL) | ((long) c3 << 32);
    }

    private static long mix(long z) {
        long x = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        x = (x ^ (x >>> 27)) * 0x94D049BB133111EBL;
        return x ^ (x >>> 31);
    }
}
