package io.dunlin.collectives.algorithm;

import io.dunlin.collectives.wire.RawMemory;

/** Copies what a member has itself to where it belongs, a piece at a time. */
final class OwnPart {
    private static final long PIECE_BYTES = 256 << 10;

    private long source;
    private long target;
    private long leftBytes;

    void begin(long source, long target, long bytes) {
        this.source = source;
        this.target = target;
        leftBytes = source == target ? 0 : bytes;
    }

    boolean advance() {
        if (leftBytes == 0) {
            return false;
        }
        long bytes = Math.min(leftBytes, PIECE_BYTES);
        RawMemory.copy(source, target, bytes);
        source += bytes;
        target += bytes;
        leftBytes -= bytes;
        return true;
    }

    boolean complete() {
        return leftBytes == 0;
    }
}
