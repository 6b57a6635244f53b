package io.dunlin.checkpoint;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Group;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.Topology;
import io.dunlin.collectives.Work;
import io.dunlin.tensor.DType;
import io.dunlin.train.SummationTree;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Ranks as threads that meet at a barrier: the two collectives that checkpoints need, in the simplest form. */
final class MeetingCommunicator implements Communicator {
    private static final long TIMEOUT_SECONDS = 20;

    private final Group group;
    private final int rank;
    private final CyclicBarrier barrier;
    private final MemorySegment[] parts;

    private MeetingCommunicator(Group group, int rank, CyclicBarrier barrier, MemorySegment[] parts) {
        this.group = group;
        this.rank = rank;
        this.barrier = barrier;
        this.parts = parts;
    }

    static List<Communicator> ofRanks(int size) {
        CyclicBarrier barrier = new CyclicBarrier(size);
        MemorySegment[] parts = new MemorySegment[size];
        Arrays.fill(parts, MemorySegment.NULL);
        List<Communicator> ranks = new ArrayList<>();
        for (int rank = 0; rank < size; rank++) {
            ranks.add(new MeetingCommunicator(Group.world(size), rank, barrier, parts));
        }
        return ranks;
    }

    @Override
    public Group group() {
        return group;
    }

    @Override
    public int rank() {
        return rank;
    }

    @Override
    public Work allGather(MemorySegment part, MemorySegment all, List<Long> lengthsBytes) {
        return meeting(part, () -> {
            long at = 0;
            for (int i = 0; i < lengthsBytes.size(); i++) {
                if (parts[i].byteSize() != lengthsBytes.get(i)) {
                    throw new IllegalStateException("rank " + i + " brought another length");
                }
                all.asSlice(at, lengthsBytes.get(i)).copyFrom(parts[i]);
                at += lengthsBytes.get(i);
            }
        });
    }

    @Override
    public Work broadcast(MemorySegment data, int root) {
        return meeting(data, () -> {
            if (rank != root) {
                data.copyFrom(parts[root]);
            }
        });
    }

    private Work meeting(MemorySegment part, Runnable take) {
        parts[rank] = part;
        meet();
        take.run();
        meet();
        return new Work() {
            @Override
            public boolean done() {
                return true;
            }

            @Override
            public long await() {
                return 0;
            }

            @Override
            public long await(Duration timeout) {
                return await();
            }

            @Override
            public void abort(CollectiveException cause) {
                throw new UnsupportedOperationException();
            }
        };
    }

    private void meet() {
        try {
            barrier.await(TIMEOUT_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
            throw CollectiveException.aborted("rank %d: a peer is gone: %s".formatted(rank, e));
        }
    }

    @Override
    public void abort(CollectiveException cause) {
        barrier.reset();
    }

    @Override
    public void close() {}

    @Override
    public Work allReduce(MemorySegment data, MemorySegment output, DType dtype, ReduceOp op) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Work allReduceTree(
            List<SummationTree.Block> blocks, List<MemorySegment> sums, int leaves, MemorySegment result) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Communicator label(long tensor, long version) {
        return this;
    }

    @Override
    public Work reduceScatter(
            MemorySegment all, MemorySegment part, List<Long> lengthsBytes, DType dtype, ReduceOp op) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Work allToAll(MemorySegment send, List<Long> sendBytes, MemorySegment receive, List<Long> receiveBytes) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Work reduce(MemorySegment input, MemorySegment output, DType dtype, ReduceOp op, int root) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Work gather(MemorySegment part, MemorySegment all, List<Long> lengthsBytes, int root) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Work scatter(MemorySegment all, MemorySegment part, List<Long> lengthsBytes, int root) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Work send(MemorySegment data, int peer) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Work receive(MemorySegment data, int peer) {
        throw new UnsupportedOperationException();
    }

    @Override
    public long sentBytes(Topology.Scale distance) {
        return 0;
    }

    @Override
    public Work barrier() {
        throw new UnsupportedOperationException();
    }
}
