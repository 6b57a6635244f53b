package io.dunlin.parallel.shard;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.Work;
import io.dunlin.tensor.DType;
import io.dunlin.train.GradientExchange.GradientPartials;

/** Fast mode: each rank has one running sum; ranks add theirs in whatever order the algorithm has. */
final class RunningReduction implements BucketReduction {
    private final Communicator communicator;

    RunningReduction(Communicator communicator) {
        this.communicator = communicator;
    }

    @Override
    public void begin(GradientPartials partials) {
        requireRunningSum(partials);
    }

    /** Fails unless there is one sum, where the result is to be, or none. */
    static void requireRunningSum(GradientPartials partials) {
        if (partials.sums().size() > 1) {
            throw new IllegalArgumentException(
                    partials.sums().size() + " partial sums, but fast mode adds all micro-batches of a rank to one");
        }
        if (!partials.sums().isEmpty()
                && partials.sums().getFirst().address() != partials.result().address()) {
            throw new IllegalArgumentException("fast mode reduces in place: the result must be the running sum");
        }
    }

    @Override
    public Work start(GradientBucket bucket, BucketMemory memory) {
        if (memory.sums().isEmpty()) {
            memory.result().fill((byte) 0); // no micro-batch: this rank adds nothing
        }
        return communicator.allReduce(memory.result(), DType.F32, ReduceOp.SUM);
    }
}
