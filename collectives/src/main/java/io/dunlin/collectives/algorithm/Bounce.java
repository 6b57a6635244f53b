package io.dunlin.collectives.algorithm;

import io.dunlin.collectives.transport.PeerMemory;
import io.dunlin.collectives.wire.OperationKind;
import io.dunlin.collectives.wire.RawMemory;

/**
 * Memory of the caller as the peers see it: itself where they can address it, else a copy in memory that they can, filled
 * before the operation and, if the result is written by others, copied back after it.
 */
final class Bounce {
    private static final long PIECE_BYTES = 256 << 10;

    /** One stretch of the caller's memory. */
    private static final class Stretch {
        private long caller;
        private long visible;
        private long bytes;
        private long borrowed; // to be released, or 0
    }

    private final PeerMemory memory;
    private Stretch[] stretches = {new Stretch(), new Stretch()};
    private int count;
    private Call call = new Call();
    private int current;
    private long doneBytes;
    private boolean resultIsMine;

    Bounce(PeerMemory memory) {
        this.memory = memory;
    }

    /** Finds out what has to be copied. */
    void begin(Call call, int rank) {
        this.call = call;
        count = 0;
        current = 0;
        doneBytes = 0;
        resultIsMine = true;
        switch (call.kind()) {
            case ALL_REDUCE -> inAndOut(call.lengthBytes());
            case REDUCE -> {
                if (rank == call.root()) {
                    inAndOut(call.lengthBytes());
                } else {
                    add(call.inputAddress(), call.lengthBytes());
                }
            }
            case ALL_REDUCE_TREE -> {
                for (int i = 0; i < call.plan().blockCount(rank); i++) {
                    add(call.sumAddress(i), call.lengthBytes());
                }
                add(call.outputAddress(), call.lengthBytes());
                resultIsMine = false;
            }
            case REDUCE_SCATTER -> add(call.inputAddress(), call.lengthBytes());
            case ALL_GATHER, GATHER -> add(call.inputAddress(), call.partBytes(rank));
            case SCATTER, BROADCAST -> add(call.inputAddress(), rank == call.root() ? call.lengthBytes() : 0);
            case ALL_TO_ALL -> add(call.inputAddress(), call.sendBytes());
            case BARRIER, MESSAGE, NOT_ENTERED -> throw new IllegalArgumentException(call.kind() + " has no memory");
        }
    }

    private void inAndOut(long bytes) {
        add(call.inputAddress(), bytes);
        add(call.outputAddress(), bytes);
        resultIsMine = false;
    }

    private void add(long address, long bytes) {
        if (count == stretches.length) {
            Stretch[] more = new Stretch[2 * count];
            for (int i = 0; i < more.length; i++) {
                more[i] = i < count ? stretches[i] : new Stretch();
            }
            stretches = more;
        }
        Stretch stretch = stretches[count];
        stretch.caller = address;
        stretch.bytes = bytes;
        stretch.visible = 0;
        for (int i = 0; i < count; i++) {
            if (stretches[i].caller == address) { // in place: one copy for both
                stretch.visible = stretches[i].visible;
            }
        }
        stretch.borrowed = 0;
        if (stretch.visible == 0) {
            stretch.visible = address;
            if (bytes > 0 && memory.locate(address, bytes) == PeerMemory.NOT_SHARED) {
                stretch.borrowed = memory.bounce(bytes);
                stretch.visible = stretch.borrowed;
            }
        }
        count++;
    }

    /** Gives back what was borrowed; only when no peer touches it any more. */
    void release() {
        for (int i = 0; i < count; i++) {
            if (stretches[i].borrowed != 0) {
                memory.release(stretches[i].borrowed);
                stretches[i].borrowed = 0;
            }
        }
    }

    /** Copies a piece of what the caller has into what the peers see; whether there was any. */
    boolean advanceIn() {
        int inputs = resultIsMine ? count : count - 1;
        while (current < inputs && !bounced(stretches[current])) {
            current++;
        }
        if (current >= inputs) {
            current = count - 1;
            doneBytes = 0;
            return false;
        }
        Stretch stretch = stretches[current];
        long bytes = Math.min(PIECE_BYTES, stretch.bytes - doneBytes);
        RawMemory.copy(stretch.caller + doneBytes, stretch.visible + doneBytes, bytes);
        doneBytes += bytes;
        if (doneBytes == stretch.bytes) {
            doneBytes = 0;
            current++;
        }
        return true;
    }

    /** Copies a piece of the result back, which is the last stretch; whether there was any. */
    boolean advanceOut() {
        if (complete()) {
            return false;
        }
        Stretch stretch = stretches[count - 1];
        long bytes = Math.min(PIECE_BYTES, stretch.bytes - doneBytes);
        RawMemory.copy(stretch.visible + doneBytes, stretch.caller + doneBytes, bytes);
        doneBytes += bytes;
        return true;
    }

    boolean complete() {
        return resultIsMine || !bounced(stretches[count - 1]) || doneBytes == stretches[count - 1].bytes;
    }

    private static boolean bounced(Stretch stretch) {
        return stretch.visible != stretch.caller;
    }

    /** Where the peers see stretch {@code index}. */
    long visible(int index) {
        return stretches[index].visible;
    }

    int count() {
        return count;
    }

    /** Writes what {@code peer} needs to know; parts and runs begin where that member's does. */
    void writeLocations(int peer, long target) {
        boolean parts = call.kind() == OperationKind.REDUCE_SCATTER
                || call.kind() == OperationKind.SCATTER
                || call.kind() == OperationKind.ALL_TO_ALL;
        for (int i = 0; i < count; i++) {
            long start = parts ? call.partStart(peer) : 0;
            long bytes = parts ? call.partBytes(peer) : stretches[i].bytes;
            long location = bytes == 0 ? 0 : memory.locate(stretches[i].visible + start, bytes);
            RawMemory.putLong(target + 8L * i, location);
        }
        if (call.kind() == OperationKind.ALL_TO_ALL) {
            RawMemory.putLong(target + 8L * count, call.partBytes(peer));
        }
    }
}
