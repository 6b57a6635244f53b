package io.dunlin.launcher.job;

/** A complete job: every value of the job file, after defaults, parents and overrides. */
public record Job(
        @Setting(value = "Version of the job file's keys", standard = "1", min = 1)
        int schema,

        @Setting("Name, place and randomness of the run") RunSettings run,

        @Setting("What is trained") ModelSettings model,

        @Setting("What it is trained on") DataSettings data,

        @Setting("How long, how large and how precisely") TrainSettings train,

        @Setting("How the weights change") OptimizerSettings optimizer,

        @Setting("How ranks share the work") ParallelSettings parallel,

        @Setting("When the run is saved, and what is kept") CheckpointSettings checkpoint,

        @Setting("Validation loss and sample text along the way")
        EvalSettings eval,

        @Setting("How ranks are started, connected and restarted")
        LaunchSettings launch,

        @Setting("After how long a phase without progress is an error")
        TimeoutSettings timeouts,

        @Setting("What is reported") ObserveSettings observe) {}
