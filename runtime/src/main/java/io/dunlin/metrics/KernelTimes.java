package io.dunlin.metrics;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongSupplier;

/** Calls, time and arithmetic of each kernel since the last {@link #reset()}. One thread writes and reads. */
public final class KernelTimes {
    /** The kernels, by the name that people read. */
    enum Kernel {
        LINEAR("linear"),
        LINEAR_BACKWARD_INPUT("linear, gradient of input"),
        LINEAR_BACKWARD_WEIGHT("linear, gradient of weight"),
        ATTENTION("attention"),
        ATTENTION_BACKWARD("attention, backward"),
        ROPE("rotary positions"),
        NORM("norm"),
        NORM_BACKWARD("norm, backward"),
        ACTIVATION("activation"),
        ACTIVATION_BACKWARD("activation, backward"),
        EMBEDDING("embedding"),
        EMBEDDING_BACKWARD("embedding, backward"),
        CROSS_ENTROPY("cross-entropy"),
        ELEMENTWISE("add, fill, copy"),
        REDUCTION("sums and norms"),
        ADAMW("adamw");

        private final String label;

        Kernel(String label) {
            this.label = label;
        }
    }

    /**
     * One kernel.
     *
     * @param kernel its name
     * @param calls how often it ran
     * @param timeNs in all calls
     * @param flops floating-point operations in all calls; 0 where only memory matters
     */
    public record Entry(String kernel, long calls, long timeNs, long flops) {}

    private static final int KERNELS = Kernel.values().length;

    private final LongSupplier clockNs;
    private final long[] calls = new long[KERNELS];
    private final long[] timesNs = new long[KERNELS];
    private final long[] flops = new long[KERNELS];

    /** Counts by a clock in nanoseconds. */
    public KernelTimes(LongSupplier clockNs) {
        this.clockNs = clockNs;
    }

    /** Forgets all calls so far. */
    public void reset() {
        for (int i = 0; i < KERNELS; i++) {
            calls[i] = 0;
            timesNs[i] = 0;
            flops[i] = 0;
        }
    }

    /** What has run since the last reset, the longest time first. */
    public List<Entry> entries() {
        List<Entry> entries = new ArrayList<>();
        for (Kernel kernel : Kernel.values()) {
            int i = kernel.ordinal();
            if (calls[i] > 0) {
                entries.add(new Entry(kernel.label, calls[i], timesNs[i], flops[i]));
            }
        }
        entries.sort(Comparator.comparingLong(Entry::timeNs).reversed());
        return List.copyOf(entries);
    }

    long now() {
        return clockNs.getAsLong();
    }

    void add(Kernel kernel, long sinceNs, long operations) {
        int i = kernel.ordinal();
        calls[i]++;
        timesNs[i] += clockNs.getAsLong() - sinceNs;
        flops[i] += operations;
    }
}
