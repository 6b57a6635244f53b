package io.dunlin.collectives.algorithm;

import io.dunlin.collectives.wire.Reductions;

/**
 * All-to-all in rounds: in round s every member sends to the member s places after it, so that nobody is sent to by two at
 * a time (the "pairwise exchange" of Thakur, Rabenseifner and Gropp, "Optimization of Collective Communication Operations
 * in MPICH", 2005, section 4.3).
 */
final class PairwiseExchange extends DirectExchange {
    private final int rank;
    private final int size;
    private int round;

    PairwiseExchange(int rank, int size, Reductions reductions, Scratch scratch) {
        super(rank, size, reductions, scratch);
        this.rank = rank;
        this.size = size;
    }

    @Override
    public void begin(Call call) {
        super.begin(call);
        round = 1;
    }

    @Override
    public long sendable(int peer) {
        while (round < size - 1 && super.sendable((rank + round) % size) == 0) {
            round++;
        }
        return peer == (rank + round) % size ? super.sendable(peer) : 0;
    }
}
