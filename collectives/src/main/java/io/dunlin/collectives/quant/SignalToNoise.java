package io.dunlin.collectives.quant;

/**
 * How much of one tensor's messages is signal: the power of what was encoded over the power of its error, estimated from
 * the first and then every 16th block of each message. One thread writes; read it between operations.
 */
public final class SignalToNoise {
    /** One block in so many is measured. */
    static final int SAMPLED = 16;

    private double signal;
    private double noise;
    private long brokenBlocks;

    /** Of nothing so far. */
    public SignalToNoise() {}

    void add(double signalPower, double noisePower) {
        signal += signalPower;
        noise += noisePower;
    }

    void addBrokenBlock() {
        brokenBlocks++;
    }

    /** Power of what was measured since the last {@link #reset}, for those who add up several. */
    public double signal() {
        return signal;
    }

    /** Power of its error. */
    public double noise() {
        return noise;
    }

    /** Ratio since the last {@link #reset}, in dB: infinite if nothing was lost, NaN if nothing was measured. */
    public double decibels() {
        return decibels(signal, noise);
    }

    /** The ratio of two powers, in dB. */
    public static double decibels(double signalPower, double noisePower) {
        return 10 * Math.log10(signalPower / noisePower);
    }

    /** Blocks that had an element that is not finite, since the last {@link #reset}; counted, not sampled. */
    public long brokenBlocks() {
        return brokenBlocks;
    }

    /** Starts anew. */
    public void reset() {
        signal = 0;
        noise = 0;
        brokenBlocks = 0;
    }
}
