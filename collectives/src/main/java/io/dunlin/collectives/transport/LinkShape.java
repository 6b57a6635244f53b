package io.dunlin.collectives.transport;

/**
 * How a loopback link behaves. Frames always arrive once and in order, as every transport promises: a lost frame is one
 * that arrives after a retransmission, and holds up those behind it.
 *
 * @param latencyNs from commit to arrival
 * @param jitterNs added at random, 0 to this
 * @param bytesPerSecond of the link; {@link Long#MAX_VALUE} for no limit
 * @param lossRate share of frames that need a retransmission, 0 to below 1
 * @param retransmitNs what a retransmission costs
 */
public record LinkShape(long latencyNs, long jitterNs, long bytesPerSecond, double lossRate, long retransmitNs) {
    /** Nothing in the way. */
    public static final LinkShape PERFECT = new LinkShape(0, 0, Long.MAX_VALUE, 0, 0);

    /** Checks the ranges. */
    public LinkShape {
        if (latencyNs < 0 || jitterNs < 0 || bytesPerSecond <= 0 || lossRate < 0 || lossRate >= 1 || retransmitNs < 0) {
            throw new IllegalArgumentException(
                    "not a link: " + latencyNs + " ns, " + bytesPerSecond + " B/s, " + lossRate);
        }
    }

    /** This, with arrival delayed by {@code latencyNs} and up to {@code jitterNs} more. */
    public LinkShape withLatency(long latencyNs, long jitterNs) {
        return new LinkShape(latencyNs, jitterNs, bytesPerSecond, lossRate, retransmitNs);
    }

    /** This, with a limit of bandwidth. */
    public LinkShape withBandwidth(long bytesPerSecond) {
        return new LinkShape(latencyNs, jitterNs, bytesPerSecond, lossRate, retransmitNs);
    }

    /** This, with loss. */
    public LinkShape withLoss(double lossRate, long retransmitNs) {
        return new LinkShape(latencyNs, jitterNs, bytesPerSecond, lossRate, retransmitNs);
    }

    boolean timed() {
        return latencyNs > 0 || jitterNs > 0 || bytesPerSecond < Long.MAX_VALUE || lossRate > 0;
    }
}
