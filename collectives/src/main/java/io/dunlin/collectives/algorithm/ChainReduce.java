package io.dunlin.collectives.algorithm;

import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.wire.Reduction;
import io.dunlin.collectives.wire.Reductions;
import io.dunlin.tensor.DType;

/**
 * Reduce along the chain root + 1, root + 2, ..., root: each member adds its own contribution to what arrives, straight out
 * of the transport's memory, and passes the sum on at once. Elements are combined in the order of the chain.
 */
final class ChainReduce implements Algorithm {
    private static final long ROOM_BYTES = 512 << 10;

    private final int rank;
    private final int size;
    private final Reductions reductions;
    private final PartialSums sums;

    private Call call = new Call();
    private Reduction reduction;
    private int elementBytes;
    private long received;
    private long sent;

    ChainReduce(int rank, int size, Reductions reductions, Scratch scratch) {
        this.rank = rank;
        this.size = size;
        this.reductions = reductions;
        this.reduction = reductions.of(DType.F32, ReduceOp.SUM);
        this.sums = new PartialSums(scratch, ROOM_BYTES);
    }

    @Override
    public void begin(Call call) {
        this.call = call;
        reduction = reductions.of(call.dtype(), call.op());
        elementBytes = call.dtype().bytes();
        sums.begin();
        received = 0;
        sent = 0;
    }

    /** Whether the chain starts here. */
    private boolean first() {
        return rank == (call.root() + 1) % size;
    }

    @Override
    public long bytesTo(int peer) {
        return rank != call.root() && peer == (rank + 1) % size ? call.lengthBytes() : NO_FLOW;
    }

    @Override
    public long bytesFrom(int peer) {
        return !first() && rank == (peer + 1) % size ? call.lengthBytes() : NO_FLOW;
    }

    @Override
    public long sendable(int peer) {
        return first() ? call.lengthBytes() - sent : sums.ready();
    }

    @Override
    public long source(int peer) {
        return first() ? call.inputAddress() + sent : sums.source();
    }

    @Override
    public void sent(int peer, int bytes) {
        sent += bytes;
        if (!first()) {
            sums.remove(bytes);
        }
    }

    @Override
    public boolean accept(int peer, long address, int bytes) {
        long mine = call.inputAddress() + received;
        if (rank == call.root()) {
            long target = call.outputAddress() + received;
            reduction.combine(mine, address, target, bytes / elementBytes);
            reduction.finish(target, bytes / elementBytes, size);
        } else if (sums.hasRoomFor(bytes)) {
            sums.append(reduction, mine, address, bytes, elementBytes);
        } else {
            return false;
        }
        received += bytes;
        return true;
    }

    @Override
    public boolean advance() {
        return false;
    }

    @Override
    public boolean complete() {
        return true;
    }
}
