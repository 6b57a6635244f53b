package io.dunlin.parallel.shard;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Work;
import io.dunlin.train.GradientExchange.GradientPartials;
import io.dunlin.train.SummationTree;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Deterministic mode: sums of micro-batches are added in the order of the {@link SummationTree} on any layout. */
final class TreeReduction implements BucketReduction {
    private final Communicator communicator;
    private final GradientBuckets buckets;
    private final List<List<MemorySegment>> sumParts = new ArrayList<>(); // [bucket][block]
    private final MemorySegment[] resultParts; // [bucket]
    private final List<MemorySegment> sums = new ArrayList<>();
    private MemorySegment result = MemorySegment.NULL;
    private List<SummationTree.Block> blocks = List.of();
    private int leaves;

    TreeReduction(Communicator communicator, GradientBuckets buckets) {
        this.communicator = communicator;
        this.buckets = buckets;
        this.resultParts = new MemorySegment[buckets.count()];
    }

    @Override
    public void bind(GradientPartials partials) {
        if (partials.sums().size() != partials.blocks().size()) {
            throw new IllegalArgumentException(
                    partials.sums().size() + " sums for " + partials.blocks().size() + " blocks");
        }
        leaves = partials.globalMicroBatches();
        blocks = partials.blocks();
        if (!sameMemory(partials)) {
            cut(partials);
        }
    }

    private boolean sameMemory(GradientPartials partials) {
        if (partials.result() != result || partials.sums().size() != sums.size()) {
            return false;
        }
        for (int i = 0; i < sums.size(); i++) {
            if (sums.get(i) != partials.sums().get(i)) {
                return false;
            }
        }
        return true;
    }

    private void cut(GradientPartials partials) {
        sums.clear();
        sums.addAll(partials.sums());
        result = partials.result();
        sumParts.clear();
        for (GradientBucket bucket : buckets.all()) {
            sumParts.add(sums.stream()
                    .map(sum -> sum.asSlice(bucket.offsetBytes(), bucket.lengthBytes()))
                    .toList());
            resultParts[bucket.number()] = result.asSlice(bucket.offsetBytes(), bucket.lengthBytes());
        }
    }

    @Override
    public Work start(GradientBucket bucket) {
        return communicator.allReduceTree(blocks, sumParts.get(bucket.number()), leaves, resultParts[bucket.number()]);
    }
}
