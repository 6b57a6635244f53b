package io.dunlin.collectives.algorithm;

import java.lang.foreign.Arena;

/** Memory of one algorithm that grows to the most it was ever asked for and is kept. */
final class Scratch {
    private static final long ALIGNMENT_BYTES = 64;

    private final Arena arena;
    private long address;
    private long roomBytes;

    /** Memory that lives as long as {@code arena}. */
    Scratch(Arena arena) {
        this.arena = arena;
    }

    /** The address of at least {@code bytes}; what was there before is lost. */
    long atLeast(long bytes) {
        if (bytes > roomBytes) {
            roomBytes = Math.max(bytes, 2 * roomBytes);
            address = arena.allocate(roomBytes, ALIGNMENT_BYTES).address();
        }
        return address;
    }
}
