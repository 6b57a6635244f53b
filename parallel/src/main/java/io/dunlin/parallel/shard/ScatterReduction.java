package io.dunlin.parallel.shard;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.Work;
import io.dunlin.tensor.DType;
import io.dunlin.train.GradientExchange.GradientPartials;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Fast mode where each rank needs the sums of what it updates alone: of each bucket it gets its part. */
final class ScatterReduction implements BucketReduction {
    private final Communicator communicator;
    private final BucketParts parts;
    private final MemorySegment[] cut; // [bucket], this rank's part of `cutFrom`
    private final MemorySegment[] cutFrom; // [bucket]

    ScatterReduction(Communicator communicator, BucketParts parts) {
        this.communicator = communicator;
        this.parts = parts;
        this.cut = new MemorySegment[parts.buckets().count()];
        this.cutFrom = new MemorySegment[parts.buckets().count()];
    }

    @Override
    public void begin(GradientPartials partials) {
        RunningReduction.requireRunningSum(partials);
    }

    @Override
    public Work start(GradientBucket bucket, BucketMemory memory) {
        MemorySegment result = memory.result();
        if (memory.sums().isEmpty()) {
            result.fill((byte) 0); // no micro-batch: this rank adds nothing
        }
        int number = bucket.number();
        List<Long> lengths = parts.lengthsBytes(bucket);
        if (cutFrom[number] != result) {
            cut[number] = result.asSlice(
                    (parts.own(bucket).offset() - bucket.offset()) * Float.BYTES, lengths.get(communicator.rank()));
            cutFrom[number] = result;
        }
        return communicator.reduceScatter(result, cut[number], lengths, DType.F32, ReduceOp.SUM);
    }
}
