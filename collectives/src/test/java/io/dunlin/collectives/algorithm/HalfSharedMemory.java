package io.dunlin.collectives.algorithm;

import io.dunlin.collectives.transport.PeerMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Memory of one JVM, where a location is an address; that of members with odd numbers counts as private, and is bounced. */
final class HalfSharedMemory implements PeerMemory {
    private static final long ALIGNMENT_BYTES = 64;

    private final int rank;
    private final Arena arena;
    private final List<MemorySegment> bounced = new ArrayList<>();

    HalfSharedMemory(int rank, Arena arena) {
        this.rank = rank;
        this.arena = arena;
    }

    @Override
    public long locate(long address, long bytes) {
        boolean shared = bounced.stream()
                .anyMatch(segment ->
                        address >= segment.address() && address + bytes <= segment.address() + segment.byteSize());
        return shared || rank % 2 == 0 ? address : NOT_SHARED;
    }

    @Override
    public long reach(int peer, long location, long bytes) {
        return location;
    }

    @Override
    public long bounce(long bytes) {
        bounced.add(arena.allocate(bytes, ALIGNMENT_BYTES));
        return bounced.getLast().address();
    }

    @Override
    public void release(long address) {
        if (bounced.stream().noneMatch(segment -> segment.address() == address)) {
            throw new IllegalStateException("released what was not bounced");
        }
    }
}
