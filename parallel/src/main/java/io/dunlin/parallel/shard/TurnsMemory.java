package io.dunlin.parallel.shard;

import io.dunlin.device.Device;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.util.ArrayList;
import java.util.List;

/**
 * Memory of the host for things of which one is in use at a time: each asks for its pieces in turn, and the n-th piece of
 * all of them is the same memory, as long as the longest that was asked for when it was made.
 */
final class TurnsMemory {
    private final Device device;
    private final String purpose;
    private final List<MemorySegment> pieces = new ArrayList<>();

    TurnsMemory(Device device, String purpose) {
        this.device = device;
        this.purpose = purpose;
    }

    /** Gives the pieces of the next thing. */
    SegmentAllocator next() {
        return new SegmentAllocator() {
            private int number;

            @Override
            public MemorySegment allocate(long lengthBytes, long alignmentBytes) {
                return piece(number++, lengthBytes);
            }
        };
    }

    private MemorySegment piece(int number, long lengthBytes) {
        if (number == pieces.size()) {
            pieces.add(device.allocateHost(purpose, lengthBytes));
        } else if (pieces.get(number).byteSize() < lengthBytes) {
            pieces.set(number, device.allocateHost(purpose, lengthBytes));
        }
        return pieces.get(number).asSlice(0, lengthBytes);
    }
}
