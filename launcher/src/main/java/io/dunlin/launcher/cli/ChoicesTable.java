package io.dunlin.launcher.cli;

import io.dunlin.collectives.algorithm.Way;
import io.dunlin.launcher.bench.AlgorithmBench;
import io.dunlin.launcher.bench.CollectiveOp;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Says which algorithms are compared, and which were fastest. */
record ChoicesTable(PrintStream out) implements AlgorithmBench.Listener {
    private static final String ROW = "%-14s %12s  %-16s %11s  %-16s %11s%n";

    @Override
    public void begins(int turn, Way way, List<CollectiveOp> operations) {
        out.printf(
                "# turn %d of %d, %s: %s%n",
                turn,
                AlgorithmBench.TURNS,
                way.label(),
                operations.stream().map(CollectiveOp::label).collect(Collectors.joining(", ")));
    }

    /** A line for each choice. */
    void print(AlgorithmBench.Result result, Path file) {
        out.printf(
                "# %d ranks, %s, %s; medians of times until the last rank is done%n",
                result.ranks(), result.transport(), result.dtype());
        out.printf(ROW, "op", "size", "fastest", "time", "runner-up", "time");
        out.printf(ROW, "", "(B)", "", "(us)", "", "(us)");
        for (AlgorithmBench.Choice choice : result.choices()) {
            AlgorithmBench.Candidate first = choice.candidates().getFirst();
            AlgorithmBench.Candidate second = choice.candidates().get(1);
            out.printf(
                    ROW,
                    choice.op(),
                    choice.bytes().isPresent()
                            ? String.format(Locale.ROOT, "%d", choice.bytes().getAsLong())
                            : "any",
                    first.algorithm(),
                    BenchOptions.microseconds(first.p50Us()),
                    second.algorithm(),
                    BenchOptions.microseconds(second.p50Us()));
        }
        out.printf("# written to %s; a job uses it with launch.algorithms%n", file);
    }
}
