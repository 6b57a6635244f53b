package io.dunlin.device.cpu;

import io.dunlin.device.Device;

/**
 * Memory for intermediate results: one area per worker, and one shared by all. Contents live as long as one tile (of a
 * worker's area) or one call (of the shared one).
 *
 * <p>Areas grow when a kernel prepares a call, on the submitting thread; so they settle within the first step.
 */
final class Scratch {
    private static final String PURPOSE = "kernel scratch";
    private static final long STEP_BYTES = 1L << 20;

    private final Device device;
    private final long[] areas;
    private long areaBytes;
    private long shared;
    private long sharedBytes;

    Scratch(Device device, int workers) {
        this.device = device;
        this.areas = new long[workers];
    }

    /** Makes every worker's area at least this large. Old contents are lost. */
    void ensure(long bytesPerWorker) {
        if (bytesPerWorker > areaBytes) {
            areaBytes = (bytesPerWorker + STEP_BYTES - 1) & -STEP_BYTES;
            for (int worker = 0; worker < areas.length; worker++) {
                areas[worker] = device.allocate(PURPOSE, areaBytes).address();
            }
        }
    }

    /** Makes the shared area at least this large. Old contents are lost. */
    void ensureShared(long bytes) {
        if (bytes > sharedBytes) {
            sharedBytes = (bytes + STEP_BYTES - 1) & -STEP_BYTES;
            shared = device.allocate(PURPOSE, sharedBytes).address();
        }
    }

    /** Address of a worker's area, 64-byte aligned. */
    long of(int worker) {
        return areas[worker];
    }

    /** Address of the shared area. */
    long shared() {
        return shared;
    }
}
