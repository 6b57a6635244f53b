package io.dunlin.collectives.algorithm;

import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.wire.Reduction;
import io.dunlin.collectives.wire.Reductions;
import io.dunlin.tensor.DType;

/**
 * Reduce-scatter around a ring. A part's sum starts at its owner's successor and comes around to the owner; each member
 * adds its own contribution to what arrives, straight out of the transport's memory, and passes the sum on. Parts may
 * differ in length; the input stays as it is. For groups of two and more.
 *
 * <p>Parts are handled tile by tile, so that sums on their way need no more room than a few tiles. The flow from member r
 * to its successor is, for t = 0, 1, ... and s = 0 to p-2: tile t of part (r - 1 - s) mod p, if the part has one. Tiles with
 * s = 0 are r's own contribution, the others are what r received in step s - 1, plus its own.
 *
 * <p>There is always a member that can go on: of all places (t, s) that flows have come to, take the smallest. What is sent
 * there has arrived, because it arrived at a smaller place; and the receiver, whose own flow is not behind, holds no more
 * than the rest of tile (t, s - 1) and what it has of (t, s), so that room for two tiles is enough.
 */
final class RingReduceScatter implements Algorithm {
    /** A multiple of every element's size and of large frames. */
    static final int TILE_BYTES = 4 * OwnerReduction.TILE_BYTES;

    private static final int ROOM_TILES = 3;

    private final int rank;
    private final int size;
    private final int successor;
    private final int predecessor;
    private final Reductions reductions;
    private final PartialSums sums;
    private final Cursor out;
    private final Cursor in;

    private Call call = new Call();
    private Reduction reduction;
    private int elementBytes;

    RingReduceScatter(int rank, int size, Reductions reductions, Scratch scratch) {
        this.rank = rank;
        this.size = size;
        this.successor = (rank + 1) % size;
        this.predecessor = (rank + size - 1) % size;
        this.reductions = reductions;
        this.reduction = reductions.of(DType.F32, ReduceOp.SUM);
        this.sums = new PartialSums(scratch, (long) ROOM_TILES * TILE_BYTES);
        this.out = new Cursor(rank);
        this.in = new Cursor(predecessor);
    }

    /** A place in the flow from one member to its successor. */
    private final class Cursor {
        private final int from;
        private long tile;
        private int step;
        private long offset; // in the tile of the part
        private long leftBytes;

        Cursor(int from) {
            this.from = from;
        }

        void begin() {
            tile = 0;
            step = 0;
            offset = 0;
            leftBytes = flowBytes();
            skipEmptyRuns();
        }

        /** Every part passes but the one that the receiver starts. */
        long flowBytes() {
            return call.lengthBytes() - call.partBytes(from);
        }

        int part() {
            return Math.floorMod(from - 1 - step, size);
        }

        boolean first() {
            return step == 0;
        }

        boolean last() {
            return step == size - 2;
        }

        long runBytes() {
            return Math.clamp(call.partBytes(part()) - tile * TILE_BYTES, 0, TILE_BYTES);
        }

        long leftOfRun() {
            return leftBytes == 0 ? 0 : runBytes() - offset;
        }

        /** From the beginning of the part. */
        long offsetInPart() {
            return tile * TILE_BYTES + offset;
        }

        /** From the beginning of all parts. */
        long place() {
            return call.partStart(part()) + offsetInPart();
        }

        void move(long bytes) {
            offset += bytes;
            leftBytes -= bytes;
            if (offset == runBytes()) {
                next();
                skipEmptyRuns();
            }
        }

        private void next() {
            offset = 0;
            step++;
            if (step == size - 1) {
                step = 0;
                tile++;
            }
        }

        private void skipEmptyRuns() {
            while (leftBytes > 0 && runBytes() == 0) {
                next();
            }
        }
    }

    @Override
    public void begin(Call call) {
        this.call = call;
        reduction = reductions.of(call.dtype(), call.op());
        elementBytes = call.dtype().bytes();
        sums.begin();
        out.begin();
        in.begin();
    }

    @Override
    public long bytesTo(int peer) {
        return peer == successor ? out.flowBytes() : NO_FLOW;
    }

    @Override
    public long bytesFrom(int peer) {
        return peer == predecessor ? in.flowBytes() : NO_FLOW;
    }

    @Override
    public long sendable(int peer) {
        return out.first() ? out.leftOfRun() : Math.min(out.leftOfRun(), sums.ready());
    }

    @Override
    public long source(int peer) {
        return out.first() ? call.inputAddress() + out.place() : sums.source();
    }

    @Override
    public void sent(int peer, int bytes) {
        if (!out.first()) {
            sums.remove(bytes);
        }
        out.move(bytes);
    }

    @Override
    public boolean accept(int peer, long address, int bytes) {
        long mine = call.inputAddress() + in.place();
        if (in.last()) {
            long target = call.outputAddress() + in.offsetInPart();
            reduction.combine(mine, address, target, bytes / elementBytes);
            reduction.finish(target, bytes / elementBytes, size);
        } else if (sums.hasRoomFor(bytes)) {
            sums.append(reduction, mine, address, bytes, elementBytes);
        } else {
            return false;
        }
        in.move(bytes);
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
