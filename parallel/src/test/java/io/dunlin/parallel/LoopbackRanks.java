package io.dunlin.parallel;

import io.dunlin.parallel.SmallRun.Outcome;
import java.util.List;

/** Ranks of one process, joined by the loopback transport. */
final class LoopbackRanks {
    private LoopbackRanks() {}

    /** Trains on so many ranks over perfect links. */
    static List<Outcome> train(int ranks, SmallRun run) {
        ThreadFabric fabric = new ThreadFabric(ranks);
        return Ranks.all(ranks, rank -> () -> run.rank(fabric.communicator(rank)));
    }
}
