package io.dunlin.launcher.doctor;

import io.dunlin.launcher.report.Readable;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * The clock must not be far off: file times decide what is newest, and the logs of several hosts are compared by time.
 */
final class ClockCheck implements Check {
    private final KernelClock kernel;
    private final Instant now;
    private final Instant built;

    /**
     * Makes a check.
     *
     * @param kernel knows whether somebody keeps the clock
     * @param now as the clock says
     * @param built some time in the past, for certain
     */
    ClockCheck(KernelClock kernel, Instant now, Instant built) {
        this.kernel = kernel;
        this.now = now;
        this.built = built;
    }

    @Override
    public String title() {
        return "Clock";
    }

    @Override
    public Finding look() {
        if (now.isBefore(built)) {
            return new Finding.Warn(
                    "it says " + now + ", before Dunlin was installed", "set the clock of this machine");
        }
        String text = now.truncatedTo(ChronoUnit.SECONDS) + ", "
                + kernel.state()
                        .map(state -> state.synchronised()
                                ? "synchronised to " + Readable.time(Duration.ofNanos(1000 * state.largestErrorUs()))
                                : "not synchronised (matters only between hosts)")
                        .orElse("synchronisation unknown");
        return new Finding.Ok(text);
    }
}
