package io.dunlin.collectives.algorithm;

import io.dunlin.collectives.wire.RawMemory;

/** Copies a member's own part to its place among all parts, a piece at a time. */
final class OwnPart {
    private static final long PIECE_BYTES = 256 << 10;

    private long source;
    private long target;
    private long leftBytes;

    void begin(Call call, int rank) {
        source = call.partAddress();
        target = call.dataAddress() + call.partStart(rank);
        leftBytes = source == target ? 0 : call.partBytes(rank);
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
