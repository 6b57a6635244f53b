package io.dunlin.launcher.agent;

import io.dunlin.launcher.report.RunEvent;
import java.time.Duration;
import java.util.Optional;

/** Measures one generation's start, and, after a failure, the whole way back to the next step. */
final class RecoveryClock {
    private final Optional<Lost> lost;
    private final long startNs;
    private long liveNs;
    private long loadedNs;
    private boolean over;

    /** The part of the budget that was spent before this generation started. */
    record Lost(Duration detect, Duration stop, Duration backOff) {}

    /** The first generation of an agent: nothing was lost. */
    static RecoveryClock first(long startNs) {
        return new RecoveryClock(Optional.empty(), startNs);
    }

    /** A generation after a failure. */
    static RecoveryClock after(Lost lost, long startNs) {
        return new RecoveryClock(Optional.of(lost), startNs);
    }

    private RecoveryClock(Optional<Lost> lost, long startNs) {
        this.lost = lost;
        this.startNs = startNs;
        this.liveNs = startNs;
        this.loadedNs = startNs;
    }

    /** The generation is live; returns what that took. */
    Duration live(long nowNs) {
        liveNs = nowNs;
        loadedNs = nowNs;
        return Duration.ofNanos(nowNs - startNs);
    }

    /** All ranks have loaded. */
    void loaded(long nowNs) {
        loadedNs = nowNs;
    }

    /** All ranks have finished a step; the budget, once, if this generation follows a failure. */
    Optional<RunEvent.Budget> stepped(long nowNs) {
        if (over) {
            return Optional.empty();
        }
        over = true;
        return lost.map(before -> new RunEvent.Budget(
                before.detect(),
                before.stop(),
                before.backOff(),
                Duration.ofNanos(liveNs - startNs),
                Duration.ofNanos(loadedNs - liveNs),
                Duration.ofNanos(nowNs - loadedNs)));
    }
}
