package io.dunlin.launcher.job;

/** {@code [observe]}: what is reported. */
public record ObserveSettings(
        @Setting(value = "Steps between step lines; metrics.jsonl has the same steps", standard = "10", min = 1)
        int logEvery,

        @Setting(
                value = "Operations of each group that the flight recorder of a rank keeps; 0 for no recorder",
                standard = "2048",
                min = 0)
        int flightOperations) {}
