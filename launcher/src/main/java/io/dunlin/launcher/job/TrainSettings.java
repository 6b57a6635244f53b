package io.dunlin.launcher.job;

import io.dunlin.launcher.place.DeviceChoice;
import io.dunlin.model.Precision;
import io.dunlin.model.Recompute;

/** {@code [train]}: how long, how large and how precisely. */
public record TrainSettings(
        @Setting(value = "Optimizer steps of the whole run", standard = "1000", min = 1)
        long steps,

        @Setting(
                value = "Tokens of the global batch of one step, all ranks together; accumulation follows from it",
                derived = "micro_batch x context",
                min = 1)
        long tokensPerStep,

        @Setting(value = "Samples that one rank passes through the model at once", standard = "8", min = 1)
        int microBatch,

        @Setting(value = "Number format of compute: fp32 or bf16 (master weights are fp32)", standard = "\"fp32\"")
        Precision precision,

        @Setting(value = "Activations computed again in backward instead of kept: none or layer", standard = "\"none\"")
        Recompute recompute,

        @Setting(value = "Compute threads per rank; 0 = cores / ranks", standard = "0", min = 0)
        int threads,

        @Setting(
                value = "Where ranks compute: cpu, cuda (one GPU a rank), or auto (a GPU if there is one)",
                standard = "\"cpu\"")
        DeviceChoice device) {}
