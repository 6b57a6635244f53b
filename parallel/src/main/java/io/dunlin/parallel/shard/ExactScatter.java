package io.dunlin.parallel.shard;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.Work;
import io.dunlin.parallel.mesh.ShardPlan;
import io.dunlin.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.IntStream;

/** Gradients that cross as they are, added up in whatever order is fastest. */
final class ExactScatter implements PartScatter {
    private final Communicator communicator;
    private final List<List<Long>> lengthsBytes; // [unit][member]

    ExactScatter(Communicator communicator, ShardPlan plan) {
        this.communicator = communicator;
        List<Integer> members = communicator.group().ranks();
        this.lengthsBytes = IntStream.range(0, plan.units())
                .mapToObj(unit -> ShardPlan.lengthsBytes(members, rank -> plan.gradients(unit, rank), Float.BYTES))
                .toList();
    }

    @Override
    public Work start(int unit, int turn, MemorySegment whole, MemorySegment part) {
        return communicator
                .label(unit + 1, turn)
                .reduceScatter(whole, part, lengthsBytes.get(unit), DType.F32, ReduceOp.SUM);
    }
}
