package io.dunlin.collectives.algorithm;

import io.dunlin.collectives.wire.RawMemory;

/** All-gather of short parts: every member sends its part to every other. */
final class DirectAllGather implements Algorithm {
    private final int rank;
    private final long[] sentTo; // [member]
    private final long[] receivedFrom; // [member]
    private final OwnPart own = new OwnPart();

    private Call call = new Call();

    DirectAllGather(int rank, int size) {
        this.rank = rank;
        this.sentTo = new long[size];
        this.receivedFrom = new long[size];
    }

    @Override
    public void begin(Call call) {
        this.call = call;
        own.begin(call, rank);
        for (int member = 0; member < sentTo.length; member++) {
            sentTo[member] = 0;
            receivedFrom[member] = 0;
        }
    }

    @Override
    public long bytesTo(int peer) {
        return call.partBytes(rank);
    }

    @Override
    public long bytesFrom(int peer) {
        return call.partBytes(peer);
    }

    @Override
    public long sendable(int peer) {
        return call.partBytes(rank) - sentTo[peer];
    }

    @Override
    public long source(int peer) {
        return call.partAddress() + sentTo[peer];
    }

    @Override
    public void sent(int peer, int bytes) {
        sentTo[peer] += bytes;
    }

    @Override
    public boolean accept(int peer, long address, int bytes) {
        RawMemory.copy(address, call.dataAddress() + call.partStart(peer) + receivedFrom[peer], bytes);
        receivedFrom[peer] += bytes;
        return true;
    }

    @Override
    public boolean advance() {
        return own.advance();
    }

    @Override
    public boolean complete() {
        return own.complete();
    }
}
