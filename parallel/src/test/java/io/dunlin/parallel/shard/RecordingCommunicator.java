package io.dunlin.parallel.shard;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Group;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.Topology;
import io.dunlin.collectives.Work;
import io.dunlin.tensor.DType;
import io.dunlin.train.SummationTree.Block;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Says what was asked of it; every operation is done at once and took one nanosecond. */
final class RecordingCommunicator implements Communicator {
    record Call(long address, long lengthBytes, DType dtype, int blocks) {}

    private static final Work DONE = new Work() {
        @Override
        public boolean done() {
            return true;
        }

        @Override
        public long await() {
            return 1;
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

    private final Group group;
    private final List<Call> calls = new ArrayList<>();
    private final List<Long> gathered = new ArrayList<>();
    private long label;
    private boolean recording = true;

    RecordingCommunicator(int size) {
        group = Group.world(size);
    }

    List<Call> calls() {
        return calls;
    }

    /** Tensors that were all-gathered since somebody last asked. */
    List<Long> gathered() {
        List<Long> all = List.copyOf(gathered);
        gathered.clear();
        return all;
    }

    void stopRecording() {
        recording = false;
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
    public Work allReduce(MemorySegment data, MemorySegment output, DType dtype, ReduceOp op) {
        if (recording) {
            calls.add(new Call(data.address(), data.byteSize(), dtype, 0));
        }
        return DONE;
    }

    @Override
    public Work allReduceTree(List<Block> blocks, List<MemorySegment> sums, int leaves, MemorySegment result) {
        if (recording) {
            calls.add(new Call(result.address(), result.byteSize(), DType.F32, blocks.size()));
        }
        return DONE;
    }

    @Override
    public Work allGather(MemorySegment part, MemorySegment all, List<Long> lengthsBytes) {
        gathered.add(label);
        return DONE;
    }

    @Override
    public Work broadcast(MemorySegment data, int root) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Communicator label(long tensor, long version) {
        label = tensor;
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

    @Override
    public void abort(CollectiveException cause) {}

    @Override
    public void close() {}
}
