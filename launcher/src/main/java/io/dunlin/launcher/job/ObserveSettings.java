package io.dunlin.launcher.job;

/** {@code [observe]}: what is reported. */
public record ObserveSettings(
        @Setting(value = "Steps between step lines; metrics.jsonl has the same steps", standard = "10", min = 1)
        int logEvery) {}
