package io.dunlin.collectives.algorithm;

import io.dunlin.collectives.wire.Reduction;

/**
 * Sums that are on their way through a member: made when they come in, read when they go on, first in, first out, in a
 * bounded piece of memory.
 */
final class PartialSums {
    private final Scratch scratch;
    private final long roomBytes;

    private long base;
    private long made; // bytes since the beginning
    private long gone; // bytes since the beginning

    /** Room for {@code roomBytes}, a multiple of every element's size. */
    PartialSums(Scratch scratch, long roomBytes) {
        this.scratch = scratch;
        this.roomBytes = roomBytes;
    }

    void begin() {
        base = scratch.atLeast(roomBytes);
        made = 0;
        gone = 0;
    }

    boolean hasRoomFor(long bytes) {
        return made - gone + bytes <= roomBytes;
    }

    /** Appends own[i] op arrived[i]; only if there is room. */
    void append(Reduction reduction, long own, long arrived, long bytes, int elementBytes) {
        long at = made % roomBytes;
        long untilEnd = Math.min(bytes, roomBytes - at);
        reduction.combine(own, arrived, base + at, untilEnd / elementBytes);
        if (untilEnd < bytes) {
            reduction.combine(own + untilEnd, arrived + untilEnd, base, (bytes - untilEnd) / elementBytes);
        }
        made += bytes;
    }

    /** How many bytes, from {@link #source} on, are there in one run. */
    long ready() {
        return Math.min(made - gone, roomBytes - gone % roomBytes);
    }

    long source() {
        return base + gone % roomBytes;
    }

    void remove(long bytes) {
        gone += bytes;
    }
}
