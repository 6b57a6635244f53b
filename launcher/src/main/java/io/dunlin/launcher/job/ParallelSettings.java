package io.dunlin.launcher.job;

import io.dunlin.parallel.mesh.ShardScheme;

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

        @Setting(value = "Size of one gradient bucket, in MiB", standard = "4", min = 1, max = 1024)
        int bucketMib) {}
