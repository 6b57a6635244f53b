package io.dunlin.collectives.algorithm;

import io.dunlin.collectives.wire.OperationKind;
import io.dunlin.collectives.wire.RawMemory;

/**
 * Reduction by owners: member k owns part k. Every member sends its vectors of part k to member k; the owner combines
 * them in a fixed order whatever the order of arrival, and sends the result to all (all-reduce), to the root (reduce), or
 * keeps it (reduce-scatter). Moves as many bytes as a ring when each member contributes one vector, and rounds once.
 *
 * <p>A part is handled tile by tile. The flow from a to b is, for t = 0, 1, ...: tile t of b's part of each of a's vectors
 * (if b's part has a tile t), then tile t - LAG of a's result (if a's part has one). An owner takes contributions at most
 * SLOTS tiles ahead of the tile that it is waiting for, so its memory is bounded. There is always a member that can
 * go on: contributions to tile t stand behind results of tiles before t - LAG only.
 */
final class OwnerReduction implements Algorithm {
    /** A multiple of every element's size and of two large frames. */
    static final int TILE_BYTES = 65_408;

    private static final int LAG = 2;
    private static final int SLOTS = 4;

    private final int rank;
    private final int size;
    private final Fold fold;
    private final Scratch arrivals;
    private final Scratch kept;
    private final Parts parts;
    private final Cursor[] out; // [member]
    private final Cursor[] in; // [member]
    private final int[] firstVector; // [member + 1] among all, by member

    private long[] inputs = new long[0]; // [vector] addresses of one tile
    private Call call = new Call();
    private long slots;
    private long results; // where this member's own part of the result begins
    private int folded;

    OwnerReduction(int rank, int size, Fold fold, Scratch arrivals, Scratch kept) {
        this.rank = rank;
        this.size = size;
        this.fold = fold;
        this.arrivals = arrivals;
        this.kept = kept;
        this.parts = new Parts(size);
        this.firstVector = new int[size + 1];
        this.out = new Cursor[size];
        this.in = new Cursor[size];
        for (int peer = 0; peer < size; peer++) {
            out[peer] = new Cursor(rank, peer);
            in[peer] = new Cursor(peer, rank);
        }
    }

    /** A place in the flow from one member to another. */
    private final class Cursor {
        private final int from;
        private final int to;
        private int round;
        private int vector; // the sender's number of vectors: at the result
        private long offset;

        Cursor(int from, int to) {
            this.from = from;
            this.to = to;
        }

        void begin() {
            round = 0;
            vector = 0;
            offset = 0;
            skipEmptyRuns();
        }

        boolean atEnd() {
            return round >= Math.max(tiles(to), resultBytes(from, to) == 0 ? 0 : tiles(from) + LAG);
        }

        boolean atResult() {
            return vector == fold.vectors(from);
        }

        /** The tile of the run at this place: of the receiver's part, or of the sender's where it is a result. */
        int tile() {
            return atResult() ? round - LAG : round;
        }

        long runBytes() {
            if (!atResult()) {
                return tileBytes(to, round);
            }
            return resultBytes(from, to) == 0 ? 0 : tileBytes(from, round - LAG);
        }

        void move(long bytes) {
            offset += bytes;
            if (offset == runBytes()) {
                offset = 0;
                next();
                skipEmptyRuns();
            }
        }

        private void next() {
            if (atResult()) {
                vector = 0;
                round++;
            } else {
                vector++;
            }
        }

        private void skipEmptyRuns() {
            while (!atEnd() && runBytes() == 0) {
                next();
            }
        }

        long flowBytes() {
            return fold.vectors(from) * partBytes(to) + resultBytes(from, to);
        }
    }

    @Override
    public void begin(Call call) {
        this.call = call;
        fold.begin(call);
        parts.cut(call.lengthBytes());
        results = switch (call.kind()) {
            case REDUCE_SCATTER -> call.outputAddress();
            case REDUCE -> rank == call.root() ? call.outputAddress() + partStart(rank) : kept.atLeast(partBytes(rank));
            default -> call.outputAddress() + partStart(rank);
        };
        for (int member = 0; member < size; member++) {
            firstVector[member + 1] = firstVector[member] + fold.vectors(member);
        }
        if (inputs.length < firstVector[size]) {
            inputs = new long[firstVector[size]];
        }
        slots = arrivals.atLeast((long) SLOTS * firstVector[size] * Math.min(TILE_BYTES, partBytes(rank)));
        folded = 0;
        for (int peer = 0; peer < size; peer++) {
            out[peer].begin();
            in[peer].begin();
        }
    }

    private long partStart(int member) {
        return call.kind() == OperationKind.REDUCE_SCATTER ? call.partStart(member) : parts.start(member);
    }

    private long partBytes(int member) {
        return call.kind() == OperationKind.REDUCE_SCATTER ? call.partBytes(member) : parts.bytes(member);
    }

    /** How much of the result goes from its owner to another member. */
    private long resultBytes(int owner, int member) {
        return switch (call.kind()) {
            case REDUCE_SCATTER -> 0;
            case REDUCE -> member == call.root() ? partBytes(owner) : 0;
            default -> partBytes(owner);
        };
    }

    private int tiles(int member) {
        return (int) ((partBytes(member) + TILE_BYTES - 1) / TILE_BYTES);
    }

    /** Zero for a tile that a part does not have. */
    private long tileBytes(int member, int tile) {
        long before = (long) tile * TILE_BYTES;
        return tile < 0 ? 0 : Math.clamp(partBytes(member) - before, 0, TILE_BYTES);
    }

    private long resultTile(int member, int tile) {
        long start = member == rank ? results : call.outputAddress() + partStart(member);
        return start + (long) tile * TILE_BYTES;
    }

    /** Where a vector of another member waits to be combined. */
    private long slot(int vector, int tile) {
        long stride = Math.min(TILE_BYTES, partBytes(rank));
        return slots + ((long) (tile % SLOTS) * firstVector[size] + vector) * stride;
    }

    @Override
    public long bytesTo(int peer) {
        return out[peer].flowBytes();
    }

    @Override
    public long bytesFrom(int peer) {
        return in[peer].flowBytes();
    }

    @Override
    public long sendable(int peer) {
        Cursor at = out[peer];
        if (at.atEnd() || (at.atResult() && at.tile() >= folded)) {
            return 0;
        }
        return at.runBytes() - at.offset;
    }

    @Override
    public long source(int peer) {
        Cursor at = out[peer];
        if (at.atResult()) {
            return resultTile(rank, at.tile()) + at.offset;
        }
        return fold.ownVector(at.vector) + partStart(peer) + (long) at.tile() * TILE_BYTES + at.offset;
    }

    @Override
    public void sent(int peer, int bytes) {
        out[peer].move(bytes);
    }

    @Override
    public boolean accept(int peer, long address, int bytes) {
        Cursor at = in[peer];
        if (at.atResult()) {
            RawMemory.copy(address, resultTile(peer, at.tile()) + at.offset, bytes);
        } else if (at.tile() < folded + SLOTS) {
            RawMemory.copy(address, slot(firstVector[peer] + at.vector, at.tile()) + at.offset, bytes);
        } else {
            return false;
        }
        at.move(bytes);
        return true;
    }

    @Override
    public boolean advance() {
        if (complete() || !arrived(folded)) {
            return false;
        }
        for (int member = 0; member < size; member++) {
            for (int vector = firstVector[member]; vector < firstVector[member + 1]; vector++) {
                inputs[vector] = member == rank
                        ? fold.ownVector(vector - firstVector[rank]) + partStart(rank) + (long) folded * TILE_BYTES
                        : slot(vector, folded);
            }
        }
        fold.fold(inputs, resultTile(rank, folded), tileBytes(rank, folded));
        folded++;
        return true;
    }

    /** Whether all contributions to a tile of this member's part are here. */
    private boolean arrived(int tile) {
        for (int peer = 0; peer < size; peer++) {
            Cursor at = in[peer];
            boolean pastIt = at.atEnd() || at.round > tile || (at.round == tile && at.atResult());
            if (peer != rank && !pastIt) {
                return false;
            }
        }
        return true;
    }

    @Override
    public boolean complete() {
        return folded == tiles(rank);
    }
}
