package io.dunlin.launcher.job;

/** {@code [parallel]}: how ranks share the work. */
public record ParallelSettings(
        @Setting(value = "Data-parallel replicas; \"rest\" = all ranks", standard = "\"rest\"")
        Degree dp,

        @Setting(value = "Size of one gradient bucket, in MiB", standard = "4", min = 1, max = 1024)
        int bucketMib) {}
