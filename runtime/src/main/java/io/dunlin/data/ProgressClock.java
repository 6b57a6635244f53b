package io.dunlin.data;

import java.util.function.LongSupplier;

/** Passes progress on when it is time to. */
final class ProgressClock {
    private static final long FIRST_NS = 2_000_000_000L;
    private static final long THEN_NS = 1_000_000_000L;

    private final Progress progress;
    private final LongSupplier nanoTime;
    private long nextNs;

    ProgressClock(Progress progress, LongSupplier nanoTime) {
        this.progress = progress;
        this.nanoTime = nanoTime;
        this.nextNs = nanoTime.getAsLong() + FIRST_NS;
    }

    void at(String what, long doneBytes, long totalBytes) {
        long nowNs = nanoTime.getAsLong();
        if (nowNs - nextNs >= 0) {
            nextNs = nowNs + THEN_NS;
            progress.at(what, doneBytes, totalBytes);
        }
    }
}
