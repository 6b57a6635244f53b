package io.dunlin.collectives.algorithm;

import io.dunlin.collectives.wire.RawMemory;
import io.dunlin.collectives.wire.Reductions;

/**
 * All-reduce of short vectors: every member sends all of its vector to every other, and adds all vectors in the order of
 * members, in the wide type, rounding once. One trip of latency.
 */
final class DirectAllReduce implements Algorithm {
    private final int rank;
    private final int size;
    private final Reductions reductions;
    private final Scratch arrivals;
    private final long[] sources; // [member]
    private final long[] sentTo; // [member]
    private final long[] receivedFrom; // [member]

    private Call call = new Call();
    private long lengthBytes;
    private long outstandingBytes;
    private boolean folded;

    DirectAllReduce(int rank, int size, Reductions reductions, Scratch arrivals) {
        this.rank = rank;
        this.size = size;
        this.reductions = reductions;
        this.arrivals = arrivals;
        this.sources = new long[size];
        this.sentTo = new long[size];
        this.receivedFrom = new long[size];
    }

    @Override
    public void begin(Call call) {
        this.call = call;
        lengthBytes = call.lengthBytes();
        long strideBytes = (lengthBytes + 63) / 64 * 64;
        long base = arrivals.atLeast(strideBytes * size);
        for (int member = 0; member < size; member++) {
            sources[member] = member == rank ? call.dataAddress() : base + member * strideBytes;
            sentTo[member] = 0;
            receivedFrom[member] = 0;
        }
        outstandingBytes = 2 * lengthBytes * (size - 1);
        folded = lengthBytes == 0;
    }

    @Override
    public long bytesTo(int peer) {
        return lengthBytes;
    }

    @Override
    public long bytesFrom(int peer) {
        return lengthBytes;
    }

    @Override
    public long sendable(int peer) {
        return lengthBytes - sentTo[peer];
    }

    @Override
    public long source(int peer) {
        return call.dataAddress() + sentTo[peer];
    }

    @Override
    public void sent(int peer, int bytes) {
        sentTo[peer] += bytes;
        outstandingBytes -= bytes;
    }

    @Override
    public boolean accept(int peer, long address, int bytes) {
        RawMemory.copy(address, sources[peer] + receivedFrom[peer], bytes);
        receivedFrom[peer] += bytes;
        outstandingBytes -= bytes;
        return true;
    }

    @Override
    public boolean advance() {
        if (folded || outstandingBytes > 0) {
            return false;
        }
        reductions
                .of(call.dtype(), call.op())
                .fold(
                        call.dataAddress(),
                        sources,
                        size,
                        lengthBytes / call.dtype().bytes());
        folded = true;
        return true;
    }

    @Override
    public boolean complete() {
        return folded;
    }
}
