package io.dunlin.collectives.algorithm;

import io.dunlin.collectives.wire.RawMemory;

/** Broadcast of short data: the root sends it to every other member. */
final class DirectBroadcast implements Algorithm {
    private final int rank;
    private final long[] sentTo; // [member]

    private Call call = new Call();
    private long here;

    DirectBroadcast(int rank, int size) {
        this.rank = rank;
        this.sentTo = new long[size];
    }

    @Override
    public void begin(Call call) {
        this.call = call;
        here = 0;
        for (int member = 0; member < sentTo.length; member++) {
            sentTo[member] = 0;
        }
    }

    @Override
    public long bytesTo(int peer) {
        return rank == call.root() ? call.lengthBytes() : NO_FLOW;
    }

    @Override
    public long bytesFrom(int peer) {
        return peer == call.root() ? call.lengthBytes() : NO_FLOW;
    }

    @Override
    public long sendable(int peer) {
        return call.lengthBytes() - sentTo[peer];
    }

    @Override
    public long source(int peer) {
        return call.dataAddress() + sentTo[peer];
    }

    @Override
    public void sent(int peer, int bytes) {
        sentTo[peer] += bytes;
    }

    @Override
    public boolean accept(int peer, long address, int bytes) {
        RawMemory.copy(address, call.dataAddress() + here, bytes);
        here += bytes;
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
