package io.dunlin.launcher.job;

/** {@code [run]}: name, place and randomness. */
public record RunSettings(
        @Setting(value = "Name of the run, part of its folder's name", derived = "name of the job file")
        String name,

        @Setting(value = "Folder that holds the run folders", standard = "\"runs\"")
        String dir,

        @Setting(value = "Seed of initial weights, data order and samples", standard = "1337", min = 0)
        long seed,

        @Setting(value = "Same bits on any number of ranks and threads, at some cost in speed", standard = "false")
        boolean deterministic) {}
