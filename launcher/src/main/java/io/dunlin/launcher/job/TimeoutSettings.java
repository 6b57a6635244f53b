package io.dunlin.launcher.job;

import java.time.Duration;

/** {@code [timeouts]}: after how long a phase without progress is an error. */
public record TimeoutSettings(
        @Setting(value = "Until all ranks have started and found each other", standard = "\"120s\"")
        Duration rendezvous,

        @Setting(value = "First step, with compilation and first touches of memory", standard = "\"300s\"")
        Duration firstStep,

        @Setting(value = "Any later step", standard = "\"100s\"")
        Duration step) {
    /** The longest that any step may take. */
    public Duration longestStep() {
        return firstStep.compareTo(step) > 0 ? firstStep : step;
    }
}
