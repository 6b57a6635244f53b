package io.dunlin.launcher.cli;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** Options of every verb that reads a job file. */
final class JobOptions {
    @Option(names = "--ranks", paramLabel = "N", defaultValue = "0", description = "Rank processes; short for --set launch.ranks=N.")
    private int ranks;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "Override a value of the job file, as in --set train.steps=100; repeat for more.")
    private List<String> sets = new ArrayList<>();

    /** All overrides, in the order in which they count. */
    List<String> overrides() {
        List<String> all = new ArrayList<>(sets);
        if (ranks != 0) {
            all.add("launch.ranks=" + ranks);
        }
        return all;
    }
}
