package io.dunlin.launcher.job;

import java.util.List;

/** {@code [optimizer]}: how the weights change. */
public record OptimizerSettings(
        @Setting(value = "The optimizer", standard = "\"adamw\"")
        OptimizerKind kind,

        @Setting(value = "Peak learning rate", standard = "6e-4", above = 0)
        double lr,

        @Setting(value = "Decay of the first and second moment", standard = "[0.9, 0.95]", min = 0, max = 1)
        List<Double> betas,

        @Setting(value = "Added to the root of the second moment", standard = "1e-8", above = 0)
        double epsilon,

        @Setting(value = "Decoupled weight decay, on tensors of two or more dimensions", standard = "0.1", min = 0)
        double weightDecay,

        @Setting(value = "Largest global norm of the gradient; 0 = no clipping", standard = "1.0", min = 0)
        double clip,

        @Setting("How the learning rate goes over the run") ScheduleSettings schedule) {

    /** The optimizers there are. */
    public enum OptimizerKind {
        /** Adam with decoupled weight decay. */
        ADAMW
    }

    /** The schedules there are. */
    public enum ScheduleKind {
        /** Linear warm-up, then half a cosine down to the final share. */
        COSINE,
        /** Linear warm-up, then level. */
        CONSTANT
    }

    /** {@code [optimizer.schedule]}. */
    public record ScheduleSettings(
            @Setting(value = "Shape after the warm-up: cosine or constant", standard = "\"cosine\"")
            ScheduleKind kind,

            @Setting(value = "Steps of linear warm-up; a shorter run ends within it", standard = "0", min = 0)
            long warmup,

            @Setting(
                    value = "Share of the peak that is left at the last step",
                    standard = "0.1",
                    min = 0,
                    max = 1,
                    key = "final")
            double finalShare) {}
}
