package io.dunlin.parallel.shard;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.Work;
import io.dunlin.tensor.DType;
import io.dunlin.train.GradientExchange.GradientPartials;
import io.dunlin.train.GradientExchange.Range;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Fast mode where each rank needs the sums of what it updates alone: of each bucket it gets its part. */
final class ScatterReduction implements BucketReduction {
    private final BucketParts parts;
    private final PartScatter scatter;
    private final MemorySegment[] cut; // [bucket], this rank's part of `cutFrom`
    private final MemorySegment[] cutFrom; // [bucket]

    ScatterReduction(Communicator communicator, BucketParts parts) {
        this(parts, exact(communicator, parts));
    }

    private static PartScatter exact(Communicator communicator, BucketParts parts) {
        List<List<Long>> lengthsBytes = parts.lengths().stream()
                .map(ofBucket ->
                        ofBucket.stream().map(length -> length * Float.BYTES).toList())
                .toList();
        return (bucket, turn, whole, part) ->
                communicator.reduceScatter(whole, part, lengthsBytes.get(bucket), DType.F32, ReduceOp.SUM);
    }

    /**
     * Parts that are summed up in another way.
     *
     * @param scatter whose units are the buckets
     */
    ScatterReduction(BucketParts parts, PartScatter scatter) {
        this.parts = parts;
        this.scatter = scatter;
        this.cut = new MemorySegment[parts.buckets().count()];
        this.cutFrom = new MemorySegment[parts.buckets().count()];
    }

    BucketParts parts() {
        return parts;
    }

    @Override
    public void begin(GradientPartials partials) {
        RunningReduction.requireRunningSum(partials);
        scatter.begin();
    }

    @Override
    public Work start(GradientBucket bucket, BucketMemory memory) {
        MemorySegment result = memory.result();
        if (memory.sums().isEmpty()) {
            result.fill((byte) 0); // no micro-batch: this rank adds nothing
        }
        int number = bucket.number();
        if (cutFrom[number] != result) {
            Range own = parts.own(bucket);
            cut[number] = result.asSlice((own.offset() - bucket.offset()) * Float.BYTES, own.length() * Float.BYTES);
            cutFrom[number] = result;
        }
        return scatter.start(number, 0, result, cut[number]);
    }
}
