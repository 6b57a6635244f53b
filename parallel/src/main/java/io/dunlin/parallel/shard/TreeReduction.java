package io.dunlin.parallel.shard;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Work;
import io.dunlin.train.GradientExchange.GradientPartials;
import io.dunlin.train.SummationTree;
import java.util.List;

/** Deterministic mode: sums of micro-batches are added in the order of the {@link SummationTree} on any layout. */
final class TreeReduction implements BucketReduction {
    private final Communicator communicator;
    private List<SummationTree.Block> blocks = List.of();
    private int leaves;

    TreeReduction(Communicator communicator) {
        this.communicator = communicator;
    }

    @Override
    public void begin(GradientPartials partials) {
        if (partials.sums().size() != partials.blocks().size()) {
            throw new IllegalArgumentException(
                    partials.sums().size() + " sums for " + partials.blocks().size() + " blocks");
        }
        leaves = partials.globalMicroBatches();
        blocks = partials.blocks();
    }

    @Override
    public Work start(GradientBucket bucket, BucketMemory memory) {
        return communicator.allReduceTree(blocks, memory.sums(), leaves, memory.result());
    }
}
