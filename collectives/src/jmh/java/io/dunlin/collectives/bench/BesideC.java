package io.dunlin.collectives.bench;

import java.util.Collection;
import java.util.Comparator;
import java.util.Map;
import java.util.TreeMap;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/**
 * Runs {@link LoopBenchmark} with the options of JMH that it is given, and prints Java beside C: the best iteration of a fork,
 * since other programs can only slow one down, and of the forks the one in the middle, since some slow down a whole fork and
 * C2 may compile one better than the next.
 */
public final class BesideC {
    private BesideC() {}

    private record Row(Loop loop, long elements) {}

    /** For example {@code -p loop=QUANTIZE_8 -f 2}. */
    public static void main(String[] arguments) throws RunnerException, CommandLineOptionException {
        Collection<RunResult> results = new Runner(new OptionsBuilder()
                        .parent(new CommandLineOptions(arguments))
                        .include(LoopBenchmark.class.getName())
                        .build())
                .run();
        Map<Row, Map<String, Double>> table =
                new TreeMap<>(Comparator.comparing(Row::elements).thenComparing(Row::loop));
        for (RunResult result : results) {
            Loop loop = Loop.valueOf(result.getParams().getParam("loop"));
            long elements = Long.parseLong(result.getParams().getParam("elements"));
            double gigabytes = loop.bytes * elements / medianOfBest(result);
            table.computeIfAbsent(new Row(loop, elements), row -> new TreeMap<>())
                    .put(result.getParams().getParam("language"), gigabytes);
        }
        System.out.println("| elements | loop | C GB/s | Java GB/s | ratio |\n|---:|---|---:|---:|---:|");
        table.forEach((row, speeds) -> {
            double c = speeds.getOrDefault("C", Double.NaN);
            double java = speeds.getOrDefault("JAVA", Double.NaN);
            System.out.printf("| %,d | %s | %.1f | %.1f | %.2f |%n", row.elements(), row.loop(), c, java, java / c);
        });
    }

    private static double medianOfBest(RunResult result) {
        double[] best = result.getBenchmarkResults().stream()
                .mapToDouble(BesideC::best)
                .sorted()
                .toArray();
        return best[best.length / 2];
    }

    private static double best(BenchmarkResult fork) {
        return fork.getIterationResults().stream()
                .mapToDouble(iteration -> iteration.getPrimaryResult().getScore())
                .min()
                .orElseThrow();
    }
}
