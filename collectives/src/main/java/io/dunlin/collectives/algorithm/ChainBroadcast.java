package io.dunlin.collectives.algorithm;

import io.dunlin.collectives.wire.RawMemory;

/** Broadcast along the chain root, root + 1, ..., each byte passed on as soon as it is here. */
final class ChainBroadcast implements Algorithm {
    private final int rank;
    private final int size;

    private Call call = new Call();
    private long here;
    private long passedOn;

    ChainBroadcast(int rank, int size) {
        this.rank = rank;
        this.size = size;
    }

    @Override
    public void begin(Call call) {
        this.call = call;
        here = rank == call.root() ? call.lengthBytes() : 0;
        passedOn = 0;
    }

    @Override
    public long bytesTo(int peer) {
        return peer == (rank + 1) % size && peer != call.root() ? call.lengthBytes() : NO_FLOW;
    }

    @Override
    public long bytesFrom(int peer) {
        return rank != call.root() && (peer + 1) % size == rank ? call.lengthBytes() : NO_FLOW;
    }

    @Override
    public long sendable(int peer) {
        return here - passedOn;
    }

    @Override
    public long source(int peer) {
        return call.outputAddress() + passedOn;
    }

    @Override
    public void sent(int peer, int bytes) {
        passedOn += bytes;
    }

    @Override
    public boolean accept(int peer, long address, int bytes) {
        RawMemory.copy(address, call.outputAddress() + here, bytes);
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
