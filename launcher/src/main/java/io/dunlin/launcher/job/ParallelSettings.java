package io.dunlin.launcher.job;

import io.dunlin.collectives.quant.BlockFormat;
import io.dunlin.parallel.mesh.ShardScheme;
import io.dunlin.parallel.shard.Quantization;
import io.dunlin.parallel.shard.Quantization.Coding;
import io.dunlin.parallel.shard.Quantization.Fallback;
import io.dunlin.parallel.shard.Quantization.Feedback;

/** {@code [parallel]}: how ranks share the work. */
public record ParallelSettings(
        @Setting(value = "Data-parallel replicas; \"rest\" = all ranks", standard = "\"rest\"")
        Degree dp,

        @Setting(
                value =
                        "What is spread over ranks: none, zero1 (optimizer), zero2 (and gradients), zero3 (and weights), hsdp"
                                + " (all of it, inside each host), zero++ (zero3 and a copy of the weights in each host), topo (weights in a"
                                + " package, gradients in a host, optimizer over all); DeepSpeed's zero_optimization: stage,"
                                + " mics_shard_size (hsdp) and zero_hpz_partition_size (zero++)",
                standard = "\"none\"")
        ShardScheme shard,

        @Setting(
                value = "Which ranks are near each other, as HOSTSxRANKS (\"2x4\") or HOSTSxPACKAGESxRANKS (\"2x2x2\");"
                        + " \"\" = the hosts they are on",
                standard = "\"\"")
        String topology,

        @Setting(
                value = "Gather weights in messages of 8 bits (qwZ of ZeRO++); what is kept and trained stays exact",
                standard = "false")
        boolean zeroQuantizedWeights,

        @Setting(
                value =
                        "Sum gradients up from messages of 4 bits, in two hops (qgZ of ZeRO++); not in deterministic mode",
                standard = "false")
        boolean zeroQuantizedGradients,

        @Setting(
                value =
                        "Send new weights in messages of 8 bits after an update; lossy: kernels then read what messages say, and"
                                + " no more the rounded masters; train.precision = \"bf16\" only",
                standard = "false")
        boolean zeroQuantizedRefresh,

        @Setting(
                value = "Elements of a quantised message that share a scale; even",
                standard = "256",
                min = 2,
                max = BlockFormat.MOST_BLOCK_ELEMENTS)
        int zeroQuantizedBlock,

        @Setting(
                value =
                        "A unit whose messages have less signal to noise than this on the worst rank, in dB, gets more bits;"
                                + " 0 = never",
                standard = "8",
                min = 0)
        double zeroQuantizedSnrDb,

        @Setting(value = "Size of one gradient bucket, in MiB", standard = "4", min = 1, max = 1024)
        int bucketMib,

        @Setting("What quantised gradients lost is added to later ones (LoCo); DeepSpeed's name")
        LocoSettings zeroppLocoParam) {
    private static final int WEIGHT_BITS = 8;
    private static final int GRADIENT_BITS = 4;

    /** {@code [parallel.zeropp_loco_param]}. */
    public record LocoSettings(
            @Setting(
                    value =
                            "How much of what is carried is kept at a time, below 1; LoCo's own is 0.8; 0 = nothing is carried",
                    standard = "0",
                    min = 0,
                    max = 1)
            double errBeta,

            @Setting(
                    value = "Steps after which what is carried is forgotten; 0 = never",
                    standard = "1024",
                    min = 0,
                    key = "reset_T")
            int resetSteps) {
        private Feedback feedback() {
            return errBeta == 0 ? Feedback.OFF : new Feedback(errBeta, resetSteps);
        }
    }

    /** What crosses between ranks with fewer bits. */
    public Quantization quantization() {
        return new Quantization(
                zeroQuantizedWeights ? WEIGHT_BITS : 0,
                zeroQuantizedGradients ? GRADIENT_BITS : 0,
                zeroQuantizedRefresh ? WEIGHT_BITS : 0,
                new Coding(zeroQuantizedBlock, Coding.DEFAULT.gradientRounding(), Coding.DEFAULT.seed()),
                zeroppLocoParam.feedback(),
                new Fallback(zeroQuantizedSnrDb, Fallback.DEFAULT.everySteps()));
    }
}
