package io.dunlin.parallel.shard;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.Work;
import io.dunlin.tensor.DType;
import io.dunlin.train.GradientExchange.GradientPartials;
import java.lang.foreign.MemorySegment;

/** Fast mode: each rank has one running sum; ranks add theirs in whatever order the algorithm has. */
final class RunningReduction implements BucketReduction {
    private final Communicator communicator;
    private final GradientBuckets buckets;
    private final MemorySegment[] parts; // [bucket] of the result
    private MemorySegment result = MemorySegment.NULL;

    RunningReduction(Communicator communicator, GradientBuckets buckets) {
        this.communicator = communicator;
        this.buckets = buckets;
        this.parts = new MemorySegment[buckets.count()];
    }

    @Override
    public void bind(GradientPartials partials) {
        if (partials.sums().size() > 1) {
            throw new IllegalArgumentException(
                    partials.sums().size() + " partial sums, but fast mode adds all micro-batches of a rank to one");
        }
        MemorySegment next = partials.result();
        if (partials.sums().isEmpty()) {
            next.asSlice(0, buckets.elements() * Float.BYTES).fill((byte) 0); // no micro-batch: this rank adds nothing
        } else if (partials.sums().getFirst().address() != next.address()) {
            throw new IllegalArgumentException("fast mode reduces in place: the result must be the running sum");
        }
        if (next != result) {
            for (GradientBucket bucket : buckets.all()) {
                parts[bucket.number()] = next.asSlice(bucket.offsetBytes(), bucket.lengthBytes());
            }
            result = next;
        }
    }

    @Override
    public Work start(GradientBucket bucket) {
        return communicator.allReduce(parts[bucket.number()], DType.F32, ReduceOp.SUM);
    }
}
