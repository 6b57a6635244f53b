package io.dunlin.parallel.shard;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.Work;
import io.dunlin.tensor.DType;
import io.dunlin.train.GradientExchange.GradientPartials;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Fast mode where each rank needs the sums of its own share alone: of each bucket it gets the part inside that share. */
final class ScatterReduction implements BucketReduction {
    private final Communicator communicator;
    private final List<List<Long>> lengthsBytes = new ArrayList<>(); // [bucket][rank]
    private final long[] offsetBytes; // [bucket], where this rank's part begins in it
    private final MemorySegment[] parts; // [bucket], cut from `cutFrom`
    private final MemorySegment[] cutFrom; // [bucket]

    ScatterReduction(Communicator communicator, GradientBuckets buckets, FlatShares shares) {
        this.communicator = communicator;
        this.offsetBytes = new long[buckets.count()];
        this.parts = new MemorySegment[buckets.count()];
        this.cutFrom = new MemorySegment[buckets.count()];
        for (GradientBucket bucket : buckets.all()) {
            List<Long> lengths = shares.lengths(bucket.offset(), bucket.length()).stream()
                    .map(elements -> elements * Float.BYTES)
                    .toList();
            lengthsBytes.add(lengths);
            offsetBytes[bucket.number()] = lengths.subList(0, communicator.rank()).stream()
                    .mapToLong(Long::longValue)
                    .sum();
        }
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
        List<Long> lengths = lengthsBytes.get(number);
        if (cutFrom[number] != result) {
            parts[number] = result.asSlice(offsetBytes[number], lengths.get(communicator.rank()));
            cutFrom[number] = result;
        }
        return communicator.reduceScatter(result, parts[number], lengths, DType.F32, ReduceOp.SUM);
    }
}
