package io.dunlin.launcher.bench;

import java.util.Arrays;
import java.util.function.LongSupplier;

/** Calls work again and again, first until it is warm, then to measure it. */
final class Repeats {
    private static final int FEWEST = 5;
    private static final int MOST = 1000;
    private static final int WARM_UPS = 2;

    /** Work that is shorter is submitted several times before it is waited for, as training does. */
    private static final long SHORT_NS = 2_000_000;

    private static final int MOST_AT_ONCE = 100;

    private final LongSupplier clockNs;
    private final long measuredNs;

    /** Each measurement takes about {@code seconds}, and half of that to get warm. */
    Repeats(LongSupplier clockNs, double seconds) {
        this.clockNs = clockNs;
        this.measuredNs = (long) (seconds * 1e9);
    }

    /**
     * The median time of one piece of work.
     *
     * @param submit puts the work on a stream
     * @param finish waits until all that was submitted is done
     */
    double medianNs(Runnable submit, Runnable finish) {
        long begin = clockNs.getAsLong();
        double lastNs = sampleNs(1, submit, finish);
        for (int i = 1; i < WARM_UPS || (i < MOST && clockNs.getAsLong() - begin < measuredNs / 2); i++) {
            lastNs = sampleNs(1, submit, finish);
        }
        int atOnce = (int) Math.clamp(Math.round(SHORT_NS / Math.max(1, lastNs)), 1, MOST_AT_ONCE);
        double[] samples = new double[MOST];
        int count = 0;
        begin = clockNs.getAsLong();
        while (count < FEWEST || (count < MOST && clockNs.getAsLong() - begin < measuredNs)) {
            samples[count++] = sampleNs(atOnce, submit, finish);
        }
        double[] sorted = Arrays.stream(samples, 0, count).sorted().toArray();
        int middle = count / 2;
        return count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    private double sampleNs(int times, Runnable submit, Runnable finish) {
        long begin = clockNs.getAsLong();
        for (int i = 0; i < times; i++) {
            submit.run();
        }
        finish.run();
        return Math.max(1, clockNs.getAsLong() - begin) / (double) times;
    }
}
