package io.dunlin.collectives.transport;

import java.util.function.LongSupplier;

/**
 * A cluster in one JVM.
 *
 * @param ranks how many
 * @param clockNs time of links and failures; {@code System::nanoTime}, or a virtual clock that a test moves
 * @param shape of every link at first
 * @param seed of jitter and loss
 * @param dataStreamBytes room of each data stream; the smaller, the earlier senders are held back
 * @param detectionNs how long after a rank's death its peers know
 * @param memory whether ranks read and write each other's memory in place
 */
public record LoopbackSettings(
        int ranks,
        LongSupplier clockNs,
        LinkShape shape,
        long seed,
        int dataStreamBytes,
        long detectionNs,
        Memory memory) {
    /** Whose memory a rank can address. */
    public enum Memory {
        /** Its own: all bytes go through streams. */
        PRIVATE,
        /** Everybody's: streams carry locations. */
        SHARED
    }

    /** Perfect links, real time. */
    public static LoopbackSettings ofRanks(int ranks) {
        return new LoopbackSettings(
                ranks, System::nanoTime, LinkShape.PERFECT, 1, 256 << 10, 10_000_000, Memory.PRIVATE);
    }

    /** Checks the ranges. */
    public LoopbackSettings {
        if (ranks < 1 || dataStreamBytes < 4096 || dataStreamBytes % 64 != 0 || detectionNs < 0) {
            throw new IllegalArgumentException("a fabric needs ranks (%d) and streams of at least 4096 bytes (%d)"
                    .formatted(ranks, dataStreamBytes));
        }
    }

    /** This, with another clock. */
    public LoopbackSettings withClock(LongSupplier clockNs) {
        return new LoopbackSettings(ranks, clockNs, shape, seed, dataStreamBytes, detectionNs, memory);
    }

    /** This, with other links, and another seed for their jitter and loss. */
    public LoopbackSettings withShape(LinkShape shape, long seed) {
        return new LoopbackSettings(ranks, clockNs, shape, seed, dataStreamBytes, detectionNs, memory);
    }

    /** This, with other room in each data stream. */
    public LoopbackSettings withDataStreamBytes(int dataStreamBytes) {
        return new LoopbackSettings(ranks, clockNs, shape, seed, dataStreamBytes, detectionNs, memory);
    }

    /** This, with another delay until peers know of a death. */
    public LoopbackSettings withDetectionNs(long detectionNs) {
        return new LoopbackSettings(ranks, clockNs, shape, seed, dataStreamBytes, detectionNs, memory);
    }

    /** This, with memory that all ranks share. */
    public LoopbackSettings withSharedMemory() {
        return new LoopbackSettings(ranks, clockNs, shape, seed, dataStreamBytes, detectionNs, Memory.SHARED);
    }
}
