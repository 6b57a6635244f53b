package io.dunlin.collectives.algorithm;

import io.dunlin.collectives.wire.OperationKind;
import io.dunlin.collectives.wire.Reductions;

/**
 * All-reduce around two rings at once: the first half of the vector goes to successors, the second to predecessors, so that
 * links that carry both directions at once, or lead to different neighbours, are used twice. Between two members there is
 * only one link, and all goes around the first ring.
 */
final class BidirectionalRingAllReduce implements Algorithm {
    private static final long ALIGNMENT_BYTES = 64;

    private final int size;
    private final int successor;
    private final int predecessor;
    private final RingAllReduce forward;
    private final RingAllReduce backward; // on members numbered the other way round
    private final Call first = new Call();
    private final Call second = new Call();

    BidirectionalRingAllReduce(int rank, int size, Reductions reductions) {
        this.size = size;
        this.successor = (rank + 1) % size;
        this.predecessor = (rank + size - 1) % size;
        this.forward = new RingAllReduce(rank, size, reductions);
        this.backward = new RingAllReduce(mirrored(rank), size, reductions);
    }

    private int mirrored(int member) {
        return (size - member) % size;
    }

    @Override
    public void begin(Call call) {
        long lines = call.lengthBytes() / ALIGNMENT_BYTES;
        long firstBytes = size == 2 ? call.lengthBytes() : (lines + 1) / 2 * ALIGNMENT_BYTES;
        firstBytes = Math.min(firstBytes, call.lengthBytes());
        begin(forward, first, call, 0, firstBytes);
        begin(backward, second, call, firstBytes, call.lengthBytes() - firstBytes);
    }

    private static void begin(RingAllReduce ring, Call half, Call whole, long start, long bytes) {
        half.within(OperationKind.ALL_REDUCE, whole.inputAddress() + start, whole.outputAddress() + start, bytes, 0);
        half.combine(whole.dtype(), whole.op());
        ring.begin(half);
    }

    @Override
    public long bytesTo(int peer) {
        if (peer == successor) {
            return forward.bytesTo(peer);
        }
        return peer == predecessor ? backward.bytesTo(mirrored(peer)) : NO_FLOW;
    }

    @Override
    public long bytesFrom(int peer) {
        if (peer == predecessor) {
            return forward.bytesFrom(peer);
        }
        return peer == successor ? backward.bytesFrom(mirrored(peer)) : NO_FLOW;
    }

    @Override
    public long sendable(int peer) {
        return peer == successor ? forward.sendable(peer) : backward.sendable(mirrored(peer));
    }

    @Override
    public long source(int peer) {
        return peer == successor ? forward.source(peer) : backward.source(mirrored(peer));
    }

    @Override
    public void sent(int peer, int bytes) {
        if (peer == successor) {
            forward.sent(peer, bytes);
        } else {
            backward.sent(mirrored(peer), bytes);
        }
    }

    @Override
    public boolean accept(int peer, long address, int bytes) {
        return peer == predecessor
                ? forward.accept(peer, address, bytes)
                : backward.accept(mirrored(peer), address, bytes);
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
