package io.dunlin.collectives.algorithm;

import io.dunlin.collectives.wire.RawMemory;

/**
 * All-gather around a ring: in step s, 0 to p-2, member r passes part (r - s) mod p on to its successor, each byte as soon
 * as it is here. Parts may differ in length.
 */
final class RingAllGather implements Algorithm {
    private final int rank;
    private final int size;
    private final int successor;
    private final int predecessor;
    private final OwnPart own = new OwnPart();

    private Call call = new Call();
    private int sendStep;
    private long sentOfStep;
    private int receiveStep;
    private long receivedOfStep;

    RingAllGather(int rank, int size) {
        this.rank = rank;
        this.size = size;
        this.successor = (rank + 1) % size;
        this.predecessor = (rank + size - 1) % size;
    }

    @Override
    public void begin(Call call) {
        this.call = call;
        own.begin(call.inputAddress(), call.outputAddress() + call.partStart(rank), call.partBytes(rank));
        sendStep = 0;
        sentOfStep = 0;
        receiveStep = 0;
        receivedOfStep = 0;
        skipEmptySends();
        skipEmptyReceives();
    }

    private int sendPart(int step) {
        return Math.floorMod(rank - step, size);
    }

    private int receivePart(int step) {
        return Math.floorMod(rank - 1 - step, size);
    }

    @Override
    public long bytesTo(int peer) {
        return peer == successor ? call.lengthBytes() - call.partBytes(successor) : NO_FLOW;
    }

    @Override
    public long bytesFrom(int peer) {
        return peer == predecessor ? call.lengthBytes() - call.partBytes(rank) : NO_FLOW;
    }

    @Override
    public long sendable(int peer) {
        if (sendStep >= size - 1) {
            return 0;
        }
        long ready = call.partBytes(sendPart(sendStep));
        if (sendStep > receiveStep) {
            ready = sendStep == receiveStep + 1 ? receivedOfStep : 0;
        }
        return ready - sentOfStep;
    }

    @Override
    public long source(int peer) {
        int part = sendPart(sendStep);
        return (part == rank ? call.inputAddress() : call.outputAddress() + call.partStart(part)) + sentOfStep;
    }

    @Override
    public void sent(int peer, int bytes) {
        sentOfStep += bytes;
        if (sentOfStep == call.partBytes(sendPart(sendStep))) {
            sendStep++;
            sentOfStep = 0;
            skipEmptySends();
        }
    }

    private void skipEmptySends() {
        while (sendStep < size - 1 && call.partBytes(sendPart(sendStep)) == 0) {
            sendStep++;
        }
    }

    @Override
    public boolean accept(int peer, long address, int bytes) {
        int part = receivePart(receiveStep);
        RawMemory.copy(address, call.outputAddress() + call.partStart(part) + receivedOfStep, bytes);
        receivedOfStep += bytes;
        if (receivedOfStep == call.partBytes(part)) {
            receiveStep++;
            receivedOfStep = 0;
            skipEmptyReceives();
        }
        return true;
    }

    private void skipEmptyReceives() {
        while (receiveStep < size - 1 && call.partBytes(receivePart(receiveStep)) == 0) {
            receiveStep++;
        }
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
