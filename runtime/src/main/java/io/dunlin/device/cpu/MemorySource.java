package io.dunlin.device.cpu;

import java.lang.foreign.MemorySegment;

/** Memory for some purposes that comes from elsewhere, for example because other processes are to see it. */
@FunctionalInterface
public interface MemorySource {
    /** Has nothing to offer: the device takes all memory from the system. */
    MemorySource NONE = (purpose, lengthBytes) -> MemorySegment.NULL;

    /**
     * Zeroed memory that outlives the device, or a segment of no bytes if this source has none for {@code purpose}.
     *
     * @param purpose as in {@link io.dunlin.device.Device#allocate}
     */
    MemorySegment offer(String purpose, long lengthBytes);
}
