package io.dunlin.collectives.algorithm;

import io.dunlin.collectives.wire.Reductions;

/**
 * All-reduce in few rounds and few bytes: in each round of the first half, members exchange one half of what they are still
 * responsible for and add the other; in the second half they give each other the sums, in the opposite order
 * (Rabenseifner, "Optimization of Collective Reduction Operations", ICCS 2004).
 */
final class HalvingDoubling extends ExchangeRounds {
    private final Parts parts;

    HalvingDoubling(int rank, int size, Reductions reductions) {
        super(rank, size, reductions);
        this.parts = new Parts(Integer.highestOneBit(size));
    }

    @Override
    void plan(int number, int count, long lengthBytes) {
        parts.cut(lengthBytes);
        for (int distance = count / 2; distance > 0; distance /= 2) {
            int kept = number & -distance; // first part of this member's half, as long as distance
            int given = kept ^ distance;
            exchange(number ^ distance, start(given), bytes(given, distance), start(kept), bytes(kept, distance));
        }
        combinedSoFar();
        for (int distance = 1; distance < count; distance *= 2) {
            int held = number & -distance;
            int missing = held ^ distance;
            exchange(number ^ distance, start(held), bytes(held, distance), start(missing), bytes(missing, distance));
        }
    }

    private long start(int part) {
        return parts.start(part);
    }

    private long bytes(int firstPart, int count) {
        return parts.start(firstPart + count) - parts.start(firstPart);
    }
}
