package io.dunlin.collectives.algorithm;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.transport.PeerMemory;
import io.dunlin.collectives.wire.OperationKind;
import io.dunlin.collectives.wire.RawMemory;
import java.util.List;

/** What one member does in the memory of all: combines its part of the vector, or copies what it needs, a piece at a time. */
final class SharedShare {
    private static final long PIECE_BYTES = 64 << 10;

    /** A copy that no cache holds goes past the caches, which the JDK does with pieces of several megabytes. */
    private static final long LARGE_BYTES = 8 << 20;

    private static final long LARGE_PIECE_BYTES = 4 << 20;

    /** What is written to others comes out of the nearest cache. */
    private static final long BLOCK_BYTES = 8 << 10;

    private static final long NOWHERE = 0;

    private final int rank;
    private final int size;
    private final Folds folds;
    private final Parts parts;
    private final long[] sources; // [member] what to copy from, or NOWHERE
    private final long[] targets; // [member] where the result goes, all of it, or NOWHERE
    private final int[] firstVector; // [member + 1]

    private long[] vectors = new long[0]; // [vector, by member] beginning of this member's part in it
    private long[] inputs = new long[0]; // [vector] of one piece
    private Fold fold;
    private Call call = new Call();
    private Bounce own;
    private boolean combines;
    private int located;
    private int distance; // of the member that is copied from
    private long partStart;
    private long partBytes;
    private long doneBytes;
    private boolean over;

    SharedShare(int rank, int size, Folds folds) {
        this.rank = rank;
        this.size = size;
        this.folds = folds;
        this.parts = new Parts(size);
        this.sources = new long[size];
        this.targets = new long[size];
        this.firstVector = new int[size + 1];
        this.fold = folds.byRank();
        this.own = new Bounce(PeerMemory.NONE);
    }

    void begin(Call call, Bounce own) {
        this.call = call;
        this.own = own;
        located = 1;
        distance = 0;
        doneBytes = 0;
        over = false;
        for (int member = 0; member < size; member++) {
            sources[member] = NOWHERE;
            targets[member] = NOWHERE;
        }
        combines = Way.combines(call.kind());
        if (combines) {
            beginFold();
        }
    }

    private void beginFold() {
        fold = folds.begin(call);
        parts.cut(call.lengthBytes());
        boolean scatters = call.kind() == OperationKind.REDUCE_SCATTER;
        partStart = scatters ? call.partStart(rank) : parts.start(rank);
        partBytes = scatters ? call.partBytes(rank) : parts.bytes(rank);
        for (int member = 0; member < size; member++) {
            firstVector[member + 1] = firstVector[member] + fold.vectors(member);
        }
        if (vectors.length < firstVector[size]) {
            vectors = new long[firstVector[size]];
            inputs = new long[firstVector[size]];
        }
        for (int i = 0; i < fold.vectors(rank); i++) {
            vectors[firstVector[rank] + i] = own.visible(i) + partStart;
        }
        targets[rank] = switch (call.kind()) {
            case REDUCE_SCATTER -> call.outputAddress() - partStart;
            case REDUCE -> rank == call.root() ? own.visible(1) : NOWHERE;
            default -> own.visible(own.count() - 1);
        };
    }

    /** Takes the locations that {@code peer} has given. */
    void locate(int peer, long letter, PeerMemory memory) {
        located++;
        switch (call.kind()) {
            case ALL_REDUCE, ALL_REDUCE_TREE, REDUCE -> locateVectors(peer, letter, memory);
            case REDUCE_SCATTER -> vectors[firstVector[peer]] = reach(peer, letter, partBytes, memory);
            case ALL_GATHER, GATHER -> sources[peer] = reach(peer, letter, call.partBytes(peer), memory);
            case SCATTER -> sources[peer] = reach(peer, letter, call.partBytes(rank), memory);
            case BROADCAST -> sources[peer] = reach(peer, letter, call.lengthBytes(), memory);
            case ALL_TO_ALL -> {
                requireSameLength(peer, RawMemory.getLong(letter + 8));
                sources[peer] = reach(peer, letter, call.arrivalBytes(peer), memory);
            }
            case BARRIER, MESSAGE, NOT_ENTERED -> throw new IllegalStateException("nothing to share");
        }
    }

    private void requireSameLength(int peer, long sentBytes) {
        if (sentBytes != call.arrivalBytes(peer)) {
            throw CollectiveException.desync(
                    "all-to-all: member %d has %,d bytes for member %d, which expects %,d"
                            .formatted(peer, sentBytes, rank, call.arrivalBytes(peer)),
                    List.of());
        }
    }

    private void locateVectors(int peer, long letter, PeerMemory memory) {
        int count = fold.vectors(peer);
        for (int i = 0; i < count; i++) {
            vectors[firstVector[peer] + i] = reach(peer, letter + 8L * i, call.lengthBytes(), memory) + partStart;
        }
        if (SharedPlan.locations(call, peer) > count) {
            targets[peer] = reach(peer, letter + 8L * count, call.lengthBytes(), memory);
        }
    }

    private static long reach(int peer, long letter, long bytes, PeerMemory memory) {
        return bytes == 0 ? NOWHERE : memory.reach(peer, RawMemory.getLong(letter), bytes);
    }

    /** Does a piece of it, if it is known where; whether anything was done. */
    boolean advance() {
        return combines ? combine() : copy();
    }

    boolean complete() {
        return over;
    }

    private boolean combine() {
        if (located < size) {
            return false;
        }
        long end = Math.min(partBytes, doneBytes + PIECE_BYTES);
        while (doneBytes < end) {
            combine(Math.min(BLOCK_BYTES, end - doneBytes));
        }
        over = doneBytes == partBytes;
        return true;
    }

    private void combine(long bytes) {
        for (int vector = 0; vector < firstVector[size]; vector++) {
            inputs[vector] = vectors[vector] + doneBytes;
        }
        long at = partStart + doneBytes;
        int first = call.kind() == OperationKind.REDUCE ? call.root() : rank;
        fold.fold(inputs, targets[first] + at, bytes);
        for (int step = 1; step < size; step++) {
            int peer = (rank + step) % size;
            if (peer != first && targets[peer] != NOWHERE) {
                RawMemory.copy(targets[first] + at, targets[peer] + at, bytes);
            }
        }
        doneBytes += bytes;
    }

    /** Copies from one member after the other, beginning with itself; one that is not known yet is waited for. */
    private boolean copy() {
        if (distance == size) {
            over = true;
            return true;
        }
        int peer = (rank + distance) % size;
        if (!copiesFrom(peer)) {
            distance++;
            return true;
        }
        long bytes = bytesFrom(peer);
        long source = peer == rank ? ownSource() : sources[peer];
        if (bytes > 0 && source == NOWHERE) {
            return false;
        }
        long target = target(peer);
        long piece = source == target
                ? 0
                : Math.min(bytes < LARGE_BYTES ? 4 * PIECE_BYTES : LARGE_PIECE_BYTES, bytes - doneBytes);
        if (piece > 0) {
            RawMemory.copy(source + doneBytes, target + doneBytes, piece);
            doneBytes += piece;
        }
        if (piece == 0 || doneBytes == bytes) {
            doneBytes = 0;
            distance++;
        }
        return true;
    }

    private boolean copiesFrom(int peer) {
        return switch (call.kind()) {
            case BROADCAST -> peer == call.root() && peer != rank;
            case SCATTER -> peer == call.root();
            case GATHER -> rank == call.root();
            default -> true;
        };
    }

    private long bytesFrom(int peer) {
        return switch (call.kind()) {
            case BROADCAST -> call.lengthBytes();
            case ALL_TO_ALL -> call.arrivalBytes(peer);
            case SCATTER -> call.partBytes(rank);
            default -> call.partBytes(peer);
        };
    }

    private long ownSource() {
        return switch (call.kind()) {
            case SCATTER, ALL_TO_ALL -> call.inputAddress() + call.partStart(rank);
            default -> call.inputAddress();
        };
    }

    private long target(int peer) {
        return switch (call.kind()) {
            case ALL_GATHER, GATHER -> call.outputAddress() + call.partStart(peer);
            case ALL_TO_ALL -> call.outputAddress() + call.arrivalStart(peer);
            default -> call.outputAddress();
        };
    }
}
