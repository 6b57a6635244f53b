package io.dunlin.collectives.transport;

import java.lang.foreign.MemorySegment;

/** Where a rank gets memory that all ranks of its host can address, so that collectives leave the bytes where they are. */
public interface SharedMemory {
    /**
     * Memory that lives as long as somebody holds it; peers can address it as long as this is open.
     *
     * @param bytes at least 0; the memory begins at a page, zeroed, and has room behind it up to the next one
     * @throws MachineException {@code DUN-402} if there is not enough room
     */
    MemorySegment allocate(long bytes);

    /** How many bytes have been allocated. */
    long allocatedBytes();

    /** How many bytes the ranks of this host can still allocate, together. */
    long usableBytes();
}
