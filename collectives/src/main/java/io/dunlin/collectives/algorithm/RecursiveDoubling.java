package io.dunlin.collectives.algorithm;

import io.dunlin.collectives.wire.Reductions;

/**
 * All-reduce of a short vector in as many rounds as the number of members has bits: in round k members whose numbers differ
 * in bit k exchange and add their whole vectors (Thakur, Rabenseifner and Gropp, "Optimization of Collective Communication
 * Operations in MPICH", 2005, section 4.5).
 */
final class RecursiveDoubling extends ExchangeRounds {
    RecursiveDoubling(int rank, int size, Reductions reductions) {
        super(rank, size, reductions);
    }

    @Override
    void plan(int number, int count, long lengthBytes) {
        for (int distance = 1; distance < count; distance *= 2) {
            exchange(number ^ distance, 0, lengthBytes, 0, lengthBytes);
        }
        combinedSoFar();
    }
}
