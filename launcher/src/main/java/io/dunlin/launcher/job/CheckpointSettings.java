package io.dunlin.launcher.job;

/** {@code [checkpoint]}: when the run is saved, and what is kept. A run is always saved at its end and when stopped. */
public record CheckpointSettings(
        @Setting(value = "Steps (500) or time (\"20m\") between saves; 0 = only at the end", standard = "500")
        Interval interval,

        @Setting(value = "How many of the newest checkpoints are kept", standard = "3", min = 1)
        int keepLast,

        @Setting(value = "Checkpoints of each so many steps are kept for good; 0 = none", standard = "0", min = 0)
        long keepEvery,

        @Setting(value = "Keep the checkpoint with the lowest validation loss", standard = "true")
        boolean keepBest) {}
