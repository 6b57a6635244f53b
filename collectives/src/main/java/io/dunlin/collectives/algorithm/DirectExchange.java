package io.dunlin.collectives.algorithm;

import io.dunlin.collectives.wire.OperationKind;
import io.dunlin.collectives.wire.RawMemory;
import io.dunlin.collectives.wire.Reductions;
import java.util.Arrays;

/**
 * The plain way to do every operation but the tree sum, and the fastest for short messages: whoever has bytes that another
 * needs sends them there, in one trip; contributions are combined in the order of members, in the wide type, rounding
 * once.
 *
 * <p>It is the specification of every other way. Contributions of others wait in scratch memory as long as all of
 * them together.
 */
class DirectExchange implements Algorithm {
    private static final long PIECE_BYTES = 256 << 10;

    private final int rank;
    private final int size;
    private final Reductions reductions;
    private final Scratch scratch;
    private final OwnPart own = new OwnPart();
    private final long[] toBytes; // [member]
    private final long[] sources; // [member]
    private final long[] sentTo; // [member]
    private final long[] fromBytes; // [member]
    private final long[] targets; // [member]
    private final long[] receivedFrom; // [member]
    private final long[] inputs; // [member] where the contributions to be combined are

    private Call call = new Call();
    private long outstandingBytes;
    private long foldTarget;
    private long foldBytes;
    private long foldedBytes;

    DirectExchange(int rank, int size, Reductions reductions, Scratch scratch) {
        this.rank = rank;
        this.size = size;
        this.reductions = reductions;
        this.scratch = scratch;
        this.toBytes = new long[size];
        this.sources = new long[size];
        this.sentTo = new long[size];
        this.fromBytes = new long[size];
        this.targets = new long[size];
        this.receivedFrom = new long[size];
        this.inputs = new long[size];
    }

    @Override
    public void begin(Call call) {
        this.call = call;
        Arrays.fill(toBytes, NO_FLOW);
        Arrays.fill(fromBytes, NO_FLOW);
        Arrays.fill(sentTo, 0);
        Arrays.fill(receivedFrom, 0);
        outstandingBytes = 0;
        foldBytes = 0;
        foldedBytes = 0;
        own.begin(0, 0, 0);
        boolean root = rank == call.root();
        switch (call.kind()) {
            case ALL_REDUCE -> combine(call.outputAddress(), call.lengthBytes());
            case REDUCE_SCATTER -> combineParts();
            case REDUCE -> combineAt(root);
            case ALL_GATHER, GATHER -> collect(root);
            case SCATTER -> scatter(root);
            case ALL_TO_ALL -> exchange();
            case BROADCAST -> broadcast(root);
            case BARRIER -> meet();
            case ALL_REDUCE_TREE, MESSAGE, NOT_ENTERED ->
                throw new IllegalArgumentException(call.kind() + " goes another way");
        }
    }

    private void send(int peer, long address, long bytes) {
        if (peer != rank) {
            sources[peer] = address;
            toBytes[peer] = bytes;
            outstandingBytes += bytes;
        }
    }

    private void receive(int peer, long address, long bytes) {
        if (peer != rank) {
            targets[peer] = address;
            fromBytes[peer] = bytes;
            outstandingBytes += bytes;
        }
    }

    /** Everybody's whole vector comes here, and this member's goes to everybody. */
    private void combine(long target, long bytes) {
        receiveContributions(call.inputAddress(), target, bytes);
        for (int peer = 0; peer < size; peer++) {
            send(peer, call.inputAddress(), bytes);
        }
    }

    private void combineParts() {
        long mine = call.inputAddress() + call.partStart(rank);
        receiveContributions(mine, call.outputAddress(), call.partBytes(rank));
        for (int peer = 0; peer < size; peer++) {
            send(peer, call.inputAddress() + call.partStart(peer), call.partBytes(peer));
        }
    }

    private void combineAt(boolean root) {
        if (root) {
            receiveContributions(call.inputAddress(), call.outputAddress(), call.lengthBytes());
        } else {
            send(call.root(), call.inputAddress(), call.lengthBytes());
        }
    }

    private void receiveContributions(long mine, long target, long bytes) {
        long strideBytes = (bytes + 63) / 64 * 64;
        long base = scratch.atLeast(strideBytes * size);
        for (int member = 0; member < size; member++) {
            inputs[member] = member == rank ? mine : base + member * strideBytes;
            receive(member, inputs[member], bytes);
        }
        foldTarget = target;
        foldBytes = bytes;
    }

    private void collect(boolean root) {
        boolean everywhere = call.kind() == OperationKind.ALL_GATHER;
        for (int peer = 0; peer < size; peer++) {
            if (everywhere || peer == call.root()) {
                send(peer, call.inputAddress(), call.partBytes(rank));
            }
            if (everywhere || root) {
                receive(peer, call.outputAddress() + call.partStart(peer), call.partBytes(peer));
            }
        }
        if (everywhere || root) {
            own.begin(call.inputAddress(), call.outputAddress() + call.partStart(rank), call.partBytes(rank));
        }
    }

    private void scatter(boolean root) {
        if (root) {
            for (int peer = 0; peer < size; peer++) {
                send(peer, call.inputAddress() + call.partStart(peer), call.partBytes(peer));
            }
            own.begin(call.inputAddress() + call.partStart(rank), call.outputAddress(), call.partBytes(rank));
        } else {
            receive(call.root(), call.outputAddress(), call.partBytes(rank));
        }
    }

    private void exchange() {
        for (int peer = 0; peer < size; peer++) {
            send(peer, call.inputAddress() + call.partStart(peer), call.partBytes(peer));
            receive(peer, call.outputAddress() + call.arrivalStart(peer), call.arrivalBytes(peer));
        }
        own.begin(
                call.inputAddress() + call.partStart(rank),
                call.outputAddress() + call.arrivalStart(rank),
                call.partBytes(rank));
    }

    private void broadcast(boolean root) {
        if (root) {
            for (int peer = 0; peer < size; peer++) {
                send(peer, call.inputAddress(), call.lengthBytes());
            }
        } else {
            receive(call.root(), call.outputAddress(), call.lengthBytes());
        }
    }

    private void meet() {
        for (int peer = 0; peer < size; peer++) {
            send(peer, 0, 0);
            receive(peer, 0, 0);
        }
    }

    @Override
    public final long bytesTo(int peer) {
        return toBytes[peer];
    }

    @Override
    public final long bytesFrom(int peer) {
        return fromBytes[peer];
    }

    @Override
    public long sendable(int peer) {
        return toBytes[peer] - sentTo[peer];
    }

    @Override
    public final long source(int peer) {
        return sources[peer] + sentTo[peer];
    }

    @Override
    public final void sent(int peer, int bytes) {
        sentTo[peer] += bytes;
        outstandingBytes -= bytes;
    }

    @Override
    public final boolean accept(int peer, long address, int bytes) {
        RawMemory.copy(address, targets[peer] + receivedFrom[peer], bytes);
        receivedFrom[peer] += bytes;
        outstandingBytes -= bytes;
        return true;
    }

    /** Combines only when this member's own vector has left, because the result may take its place. */
    @Override
    public final boolean advance() {
        if (own.advance()) {
            return true;
        }
        if (foldedBytes == foldBytes || outstandingBytes > 0) {
            return false;
        }
        long bytes = Math.min(PIECE_BYTES, foldBytes - foldedBytes);
        reductions
                .of(call.dtype(), call.op())
                .fold(
                        foldTarget + foldedBytes,
                        inputs,
                        size,
                        bytes / call.dtype().bytes());
        for (int member = 0; member < size; member++) {
            inputs[member] += bytes;
        }
        foldedBytes += bytes;
        return true;
    }

    @Override
    public final boolean complete() {
        return own.complete() && foldedBytes == foldBytes;
    }
}
