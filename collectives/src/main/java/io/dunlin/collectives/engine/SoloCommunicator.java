package io.dunlin.collectives.engine;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Group;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.Topology;
import io.dunlin.collectives.Work;
import io.dunlin.collectives.algorithm.TreePlan;
import io.dunlin.tensor.DType;
import io.dunlin.train.SummationTree;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;

/** A group of one: every operation is over at once. */
public final class SoloCommunicator implements Communicator {
    private final Group group;
    private final Arguments arguments;
    private final Verdict verdict = new Verdict();
    private TreePlan plan = TreePlan.of(0, 1);
    private final Work over = new Work() {
        @Override
        public boolean done() {
            return true;
        }

        @Override
        public long await() {
            if (verdict.raised()) {
                throw verdict.cause().seenHere();
            }
            return 0;
        }

        @Override
        public long await(Duration timeout) {
            return await();
        }

        @Override
        public void abort(CollectiveException cause) {
            verdict.raise(cause);
        }
    };

    /** The only member of {@code group}. */
    public SoloCommunicator(Group group) {
        if (group.size() != 1) {
            throw new IllegalArgumentException("a group of %d is not alone".formatted(group.size()));
        }
        this.group = group;
        this.arguments = new Arguments(group, 0);
    }

    @Override
    public Group group() {
        return group;
    }

    @Override
    public int rank() {
        return 0;
    }

    @Override
    public Communicator label(long tensor, long version) {
        return this;
    }

    @Override
    public Work allReduce(MemorySegment input, MemorySegment output, DType dtype, ReduceOp op) {
        arguments.allReduce(input, output, dtype, op);
        return copy(input, output, input.byteSize());
    }

    @Override
    public Work reduceScatter(
            MemorySegment all, MemorySegment part, List<Long> lengthsBytes, DType dtype, ReduceOp op) {
        arguments.reduceScatter(all, part, lengthsBytes, dtype, op);
        return copy(all, part, lengthsBytes.getFirst());
    }

    @Override
    public Work reduce(MemorySegment input, MemorySegment output, DType dtype, ReduceOp op, int root) {
        arguments.reduce(input, output, dtype, op, root);
        return copy(input, output, input.byteSize());
    }

    private Work copy(MemorySegment source, MemorySegment target, long bytes) {
        if (source.address() != target.address()) {
            MemorySegment.copy(source, 0, target, 0, bytes);
        }
        return over;
    }

    @Override
    public Work allReduceTree(
            List<SummationTree.Block> blocks, List<MemorySegment> sums, int leaves, MemorySegment result) {
        if (plan.leaves() != leaves) {
            plan = TreePlan.of(leaves, 1);
        }
        arguments.allReduceTree(blocks, sums, plan, result);
        if (sums.isEmpty()) {
            result.fill((byte) 0);
        } else if (sums.getFirst().address() != result.address()) {
            MemorySegment.copy(sums.getFirst(), 0, result, 0, result.byteSize());
        }
        return over;
    }

    @Override
    public Work allGather(MemorySegment part, MemorySegment all, List<Long> lengthsBytes) {
        arguments.allGather(part, all, lengthsBytes);
        return copy(part, all, lengthsBytes.getFirst());
    }

    @Override
    public Work gather(MemorySegment part, MemorySegment all, List<Long> lengthsBytes, int root) {
        arguments.rooted(part, all, lengthsBytes, root);
        return copy(part, all, lengthsBytes.getFirst());
    }

    @Override
    public Work scatter(MemorySegment all, MemorySegment part, List<Long> lengthsBytes, int root) {
        arguments.rooted(part, all, lengthsBytes, root);
        return copy(all, part, lengthsBytes.getFirst());
    }

    @Override
    public Work allToAll(MemorySegment send, List<Long> sendBytes, MemorySegment receive, List<Long> receiveBytes) {
        arguments.allToAll(send, sendBytes, receive, receiveBytes);
        return copy(send, receive, sendBytes.getFirst());
    }

    @Override
    public Work broadcast(MemorySegment data, int root) {
        arguments.broadcast(data, root);
        return over;
    }

    @Override
    public Work send(MemorySegment data, int peer) {
        arguments.message(data, peer);
        return over;
    }

    @Override
    public Work receive(MemorySegment data, int peer) {
        arguments.message(data, peer);
        return over;
    }

    @Override
    public Work barrier() {
        return over;
    }

    @Override
    public long sentBytes(Topology.Scale distance) {
        return 0;
    }

    @Override
    public void abort(CollectiveException cause) {
        verdict.raise(cause);
    }

    @Override
    public void close() {
        verdict.raise(CollectiveException.aborted("group %s was closed".formatted(group.name())));
    }
}
