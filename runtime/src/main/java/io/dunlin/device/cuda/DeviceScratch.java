package io.dunlin.device.cuda;

import io.dunlin.device.Device;

/**
 * Device memory for intermediate results of the kernels of one stream. Its contents live as long as one call: the next
 * kernels on the stream may overwrite it, and they begin when the former have ended.
 *
 * <p>It grows on the submitting thread, and so settles within the first step. Memory that became too small is kept, for
 * kernels that still use it may be queued.
 */
final class DeviceScratch {
    private static final String PURPOSE = "kernel scratch";
    private static final long STEP_BYTES = 1L << 20;

    private final Device device;
    private long address;
    private long lengthBytes;

    DeviceScratch(Device device) {
        this.device = device;
    }

    /** The address of at least this much memory, aligned to 256 bytes. */
    long ensure(long bytes) {
        if (bytes > lengthBytes) {
            long rounded = (bytes + STEP_BYTES - 1) & -STEP_BYTES;
            address = device.allocate(PURPOSE, rounded).address();
            lengthBytes = rounded; // only now: without memory it is as it was
        }
        return address;
    }
}
