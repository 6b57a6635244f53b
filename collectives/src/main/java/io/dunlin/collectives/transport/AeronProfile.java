package io.dunlin.collectives.transport;

import java.time.Duration;
import org.agrona.BitUtil;

/**
 * How Aeron is tuned, for the media driver and the ranks alike.
 *
 * <p>Short terms stay in the caches; large frames spare work for each. The limits are for processes that stand still and
 * hosts that are gone: a process that ends is noticed by its peers on the same host, and by its node agent, at once. A pause
 * that is longer counts as death, so they must be longer than any that is to be survived. On two processors with four times
 * as much to do as they can, threads were seen to wait for more than a second for their turn.
 *
 * @param termBytes of data streams, a power of two; a stream takes three terms of memory
 * @param frameBytes largest frame of data streams inside a host, a multiple of 32
 * @param udpFrameBytes largest datagram between hosts, a multiple of 32; 0 takes what the interface carries
 * @param clientLiveness after which the driver gives up a rank that does not stir
 * @param peerLiveness after which a driver gives up another that is silent
 * @param driverLiveness after which a rank gives up the driver
 */
public record AeronProfile(
        int termBytes,
        int frameBytes,
        int udpFrameBytes,
        Duration clientLiveness,
        Duration peerLiveness,
        Duration driverLiveness) {
    /** What was measured to work best; see the module's README. */
    public static final AeronProfile STANDARD = new AeronProfile(
            2 << 20, 32 << 10, 0, Duration.ofSeconds(10), Duration.ofSeconds(10), Duration.ofSeconds(10));

    static final int CONTROL_TERM_BYTES = 64 << 10;
    static final int CONTROL_FRAME_BYTES = 1408;
    private static final int MESSAGE_TERM_BYTES = 256 << 10;
    static final Duration TIMER_INTERVAL = Duration.ofMillis(100);

    private static final int LOG_DESCRIPTION_BYTES = 4096;
    private static final int COUNTER_BYTES = 128;
    private static final int COUNTERS_OF_A_STREAM = 8;
    private static final int FEWEST_COUNTERS = 8192;
    private static final int DESCRIPTIONS_PER_COUNTER_BYTES = 4;
    private static final long DRIVER_BYTES = 8 << 20;

    /** Checks the ranges. */
    public AeronProfile {
        if (Integer.bitCount(termBytes) != 1
                || termBytes < 64 << 10
                || frameBytes % 32 != 0
                || udpFrameBytes % 32 != 0) {
            throw new IllegalArgumentException(
                    "terms are powers of two from 64 KiB (%d), frames multiples of 32 (%d, %d)"
                            .formatted(termBytes, frameBytes, udpFrameBytes));
        }
    }

    /** Terms of the streams of messages: short, because there is one for each pair whether it is used or not. */
    int messageTermBytes() {
        return Math.min(termBytes, MESSAGE_TERM_BYTES);
    }

    /** This, with other terms; frames shrink with them. */
    public AeronProfile withTermBytes(int termBytes) {
        return new AeronProfile(
                termBytes,
                Math.min(frameBytes, termBytes / 8),
                udpFrameBytes,
                clientLiveness,
                peerLiveness,
                driverLiveness);
    }

    /** This, with datagrams of at most so many bytes. */
    public AeronProfile withUdpFrameBytes(int udpFrameBytes) {
        return new AeronProfile(termBytes, frameBytes, udpFrameBytes, clientLiveness, peerLiveness, driverLiveness);
    }

    /** This, with other limits. */
    public AeronProfile withLiveness(Duration clientLiveness, Duration peerLiveness, Duration driverLiveness) {
        return new AeronProfile(termBytes, frameBytes, udpFrameBytes, clientLiveness, peerLiveness, driverLiveness);
    }

    /**
     * How much shared memory a host needs: three terms for each stream inside it, and for each that leaves or enters it;
     * twice, because the streams of a generation that was killed stay for {@code clientLiveness}.
     *
     * @param ranksHere on this host
     * @param ranks in the world
     */
    public long sharedMemoryBytes(int ranksHere, int ranks) {
        return DRIVER_BYTES
                + (1L + DESCRIPTIONS_PER_COUNTER_BYTES) * countersBytes(ranksHere, ranks)
                + 2
                        * pairs(ranksHere, ranks)
                        * (logBytes(termBytes) + logBytes(CONTROL_TERM_BYTES) + logBytes(messageTermBytes()));
    }

    /** Room for the values of a driver's counters; their descriptions take four times as much. */
    static int countersBytes(int ranksHere, int ranks) {
        long counters = pairs(ranksHere, ranks) * Lane.values().length * COUNTERS_OF_A_STREAM;
        return BitUtil.findNextPositivePowerOfTwo((int) Math.max(FEWEST_COUNTERS, counters)) * COUNTER_BYTES;
    }

    private static long pairs(int ranksHere, int ranks) {
        long inside = (long) ranksHere * (ranksHere - 1);
        long across = 2L * ranksHere * (ranks - ranksHere);
        return inside + across;
    }

    private static long logBytes(int termBytes) {
        return 3L * termBytes + LOG_DESCRIPTION_BYTES;
    }
}
