package io.dunlin.device.cuda;

import java.lang.foreign.MemorySegment;
import jcuda.Pointer;

/** A plain address as JCuda's type for memory of the host. */
final class Address extends Pointer {
    Address(long address) {
        super(address);
    }

    /** The start of a segment of native memory. */
    static Address of(MemorySegment segment) {
        return new Address(segment.address());
    }
}
