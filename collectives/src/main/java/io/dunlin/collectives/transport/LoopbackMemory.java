package io.dunlin.collectives.transport;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;

/** Memory of ranks that live in one JVM: a location is an address. */
final class LoopbackMemory implements SharedMemory {
    private static final long ALIGNMENT_BYTES = 4096;

    /** All of it. */
    static final PeerMemory ALL = new PeerMemory() {
        @Override
        public long locate(long address, long bytes) {
            return address;
        }

        @Override
        public long reach(int peer, long location, long bytes) {
            return location;
        }

        @Override
        public long bounce(long bytes) {
            throw new IllegalStateException("all memory is shared");
        }

        @Override
        public void release(long address) {
            throw new IllegalStateException("all memory is shared");
        }
    };

    private final Arena arena = Arena.ofAuto();
    private final AtomicLong allocatedBytes = new AtomicLong();

    @Override
    public MemorySegment allocate(long bytes) {
        allocatedBytes.addAndGet(bytes);
        return arena.allocate(bytes, ALIGNMENT_BYTES);
    }

    @Override
    public long allocatedBytes() {
        return allocatedBytes.get();
    }

    @Override
    public long usableBytes() {
        return Long.MAX_VALUE;
    }
}
