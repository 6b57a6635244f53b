package io.dunlin.launcher.job;

import io.dunlin.parallel.mesh.ShardDegrees;
import io.dunlin.parallel.shard.Quantization;

/** {@code [parallel]}: how ranks share the work. */
public record ParallelSettings(
        @Setting(value = "Data-parallel replicas; \"rest\" = all ranks", standard = "\"rest\"")
        Degree dp,

        @Setting(
                value =
                        "What is spread over ranks: none, zero1 (optimizer), zero2 (and gradients), zero3 (and weights), hsdp"
                                + " (all of it, inside each host), zero++ (zero3 and a copy of the weights in each host), topo (weights in a"
                                + " package, gradients in a host, optimizer over all), or the levels of weights, gradients, optimizer"
                                + " and a second copy of the weights: none-host-cluster, cluster-cluster-cluster+package; DeepSpeed's"
                                + " zero_optimization: stage, mics_shard_size (hsdp) and zero_hpz_partition_size (zero++)",
                standard = "\"none\"")
        ShardDegrees shard,

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

        @Setting(value = "Size of one gradient bucket, in MiB", standard = "4", min = 1, max = 1024)
        int bucketMib) {
    private static final int WEIGHT_BITS = 8;
    private static final int GRADIENT_BITS = 4;

    /** What crosses between ranks with fewer bits. */
    public Quantization quantization() {
        return Quantization.NONE.bits(
                zeroQuantizedWeights ? WEIGHT_BITS : 0, zeroQuantizedGradients ? GRADIENT_BITS : 0, 0);
    }
}
