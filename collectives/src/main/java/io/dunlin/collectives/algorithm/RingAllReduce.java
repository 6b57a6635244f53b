package io.dunlin.collectives.algorithm;

import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.wire.RawMemory;
import io.dunlin.collectives.wire.Reduction;
import io.dunlin.collectives.wire.Reductions;
import io.dunlin.tensor.DType;

/**
 * All-reduce around a ring: reduce-scatter, then all-gather, bytes following each other without a pause
 * (Patarasuk and Yuan, "Bandwidth optimal all-reduce algorithms", JPDC 2009).
 *
 * <p>In step s, 0 to 2p-3, member r sends part (r - s) mod p to its successor and receives part (r - 1 - s) mod p from its
 * predecessor; it adds what it receives in steps 0 to p-2 and copies it afterwards. A byte may go on as soon as the same
 * byte has arrived in the step before. Part k is summed in the order k, k+1, ..., fixed for a given p.
 */
final class RingAllReduce implements Algorithm {
    private final int rank;
    private final int size;
    private final int successor;
    private final int predecessor;
    private final Parts parts;
    private final Reductions reductions;

    private Reduction reduction;
    private int elementBytes;
    private long input;
    private long output;
    private int sendStep;
    private long sentOfStep;
    private int receiveStep;
    private long receivedOfStep;

    RingAllReduce(int rank, int size, Reductions reductions) {
        this.rank = rank;
        this.size = size;
        this.successor = (rank + 1) % size;
        this.predecessor = (rank + size - 1) % size;
        this.parts = new Parts(size);
        this.reductions = reductions;
        this.reduction = reductions.of(DType.F32, ReduceOp.SUM);
    }

    @Override
    public void begin(Call call) {
        reduction = reductions.of(call.dtype(), call.op());
        elementBytes = call.dtype().bytes();
        input = call.inputAddress();
        output = call.outputAddress();
        parts.cut(call.lengthBytes());
        sendStep = 0;
        sentOfStep = 0;
        receiveStep = 0;
        receivedOfStep = 0;
        skipEmptySends();
        skipEmptyReceives();
    }

    private int lastStep() {
        return 2 * size - 2;
    }

    private int sendPart(int step) {
        return Math.floorMod(rank - step, size);
    }

    private int receivePart(int step) {
        return Math.floorMod(rank - 1 - step, size);
    }

    @Override
    public long bytesTo(int peer) {
        return peer == successor ? flowBytes(rank) : NO_FLOW;
    }

    @Override
    public long bytesFrom(int peer) {
        return peer == predecessor ? flowBytes(predecessor) : NO_FLOW;
    }

    /** All parts twice, but the two that {@code sender} never sends in the last steps of the two rounds. */
    private long flowBytes(int sender) {
        return 2 * parts.start(size) - parts.bytes((sender + 1) % size) - parts.bytes((sender + 2) % size);
    }

    @Override
    public long sendable(int peer) {
        if (sendStep >= lastStep()) {
            return 0;
        }
        long ready = parts.bytes(sendPart(sendStep));
        if (sendStep > receiveStep) {
            ready = sendStep == receiveStep + 1 ? receivedOfStep : 0;
        }
        return ready - sentOfStep;
    }

    @Override
    public long source(int peer) {
        return (sendStep == 0 ? input : output) + parts.start(sendPart(sendStep)) + sentOfStep;
    }

    @Override
    public void sent(int peer, int bytes) {
        sentOfStep += bytes;
        if (sentOfStep == parts.bytes(sendPart(sendStep))) {
            sendStep++;
            sentOfStep = 0;
            skipEmptySends();
        }
    }

    private void skipEmptySends() {
        while (sendStep < lastStep() && parts.bytes(sendPart(sendStep)) == 0) {
            sendStep++;
        }
    }

    @Override
    public boolean accept(int peer, long address, int bytes) {
        int part = receivePart(receiveStep);
        long offset = parts.start(part) + receivedOfStep;
        if (receiveStep < size - 1) {
            reduction.combine(input + offset, address, output + offset, bytes / elementBytes);
            if (receiveStep == size - 2) {
                reduction.finish(output + offset, bytes / elementBytes, size);
            }
        } else {
            RawMemory.copy(address, output + offset, bytes);
        }
        receivedOfStep += bytes;
        if (receivedOfStep == parts.bytes(part)) {
            receiveStep++;
            receivedOfStep = 0;
            skipEmptyReceives();
        }
        return true;
    }

    private void skipEmptyReceives() {
        while (receiveStep < lastStep() && parts.bytes(receivePart(receiveStep)) == 0) {
            receiveStep++;
        }
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
