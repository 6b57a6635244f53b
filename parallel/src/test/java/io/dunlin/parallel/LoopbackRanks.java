package io.dunlin.parallel;

import io.dunlin.collectives.engine.LoopbackWorld;
import io.dunlin.parallel.SmallRun.Outcome;
import java.util.List;

/** Ranks of one process, joined by the loopback transport. */
final class LoopbackRanks {
    private LoopbackRanks() {}

    /** Trains on so many ranks over perfect links. */
    static List<Outcome> train(int ranks, SmallRun run) {
        try (LoopbackWorld world = LoopbackWorld.ofRanks(ranks)) {
            return train(world, ranks, run);
        }
    }

    /** Trains on all ranks of a world. */
    static List<Outcome> train(LoopbackWorld world, int ranks, SmallRun run) {
        return Ranks.all(ranks, rank -> () -> run.rank(world.communicator(rank)));
    }
}
