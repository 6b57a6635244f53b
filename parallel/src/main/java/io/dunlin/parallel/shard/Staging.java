package io.dunlin.parallel.shard;

import io.dunlin.device.Device;
import io.dunlin.device.Stream;
import java.time.Duration;

/**
 * How gradients that the host cannot reach get to the network: through {@code slots} pieces of pinned memory, each as
 * large as a bucket, in turns.
 *
 * @param device that holds them
 * @param compute the stream that computes them and uses their sums
 * @param slots how many buckets may be on their way at a time
 * @param deadline how long a bucket may get no further, before that is an error
 */
public record Staging(Device device, Stream compute, int slots, Duration deadline) {
    /** Enough that a bucket leaves the device, one travels and one returns, all at a time, with as many waiting. */
    public static final int SLOTS = 6;

    /** Checks the number of slots. */
    public Staging {
        if (slots < 1) {
            throw new IllegalArgumentException(slots + " slots");
        }
    }
}
