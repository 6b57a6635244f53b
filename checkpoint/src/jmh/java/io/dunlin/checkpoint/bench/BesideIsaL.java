package io.dunlin.checkpoint.bench;

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
 * Runs {@link ParityBenchmark} with the options of JMH that it is given, and prints Java beside ISA-L, in bytes of data per
 * second: the best iteration of a fork, since other programs can only slow one down, and of the forks the one in the middle.
 */
public final class BesideIsaL {
    private BesideIsaL() {}

    private record Row(int shardBytes, Work work, String code) {}

    /** For example {@code -p code=8+2 -p shardBytes=16384}. */
    public static void main(String[] arguments) throws RunnerException, CommandLineOptionException {
        Collection<RunResult> results = new Runner(new OptionsBuilder()
                        .parent(new CommandLineOptions(arguments))
                        .include(ParityBenchmark.class.getName())
                        .build())
                .run();
        Map<Row, Map<ParityBenchmark.By, Double>> table = new TreeMap<>(
                Comparator.comparing(Row::shardBytes).thenComparing(Row::work).thenComparing(Row::code));
        for (RunResult result : results) {
            String code = result.getParams().getParam("code");
            Work work = Work.valueOf(result.getParams().getParam("work"));
            int shardBytes = Integer.parseInt(result.getParams().getParam("shardBytes"));
            double bytes = (double) work.shards(ParityBenchmark.dataShards(code)) * shardBytes;
            table.computeIfAbsent(new Row(shardBytes, work, code), row -> new TreeMap<>())
                    .put(ParityBenchmark.By.valueOf(result.getParams().getParam("by")), bytes / medianOfBest(result));
        }
        System.out.println(
                "| bytes of a shard | work | code | ISA-L GB/s | ISA-L for RAID GB/s | Java GB/s | ratio to the better |\n"
                        + "|---:|---|---|---:|---:|---:|---:|");
        table.forEach((row, speeds) -> {
            double tables = speeds.getOrDefault(ParityBenchmark.By.ISA_L, Double.NaN);
            double raid = speeds.getOrDefault(ParityBenchmark.By.ISA_L_RAID, tables);
            double java = speeds.getOrDefault(ParityBenchmark.By.JAVA, Double.NaN);
            System.out.printf(
                    "| %,d | %s | %s | %.1f | %.1f | %.1f | %.2f |%n",
                    row.shardBytes(), row.work(), row.code(), tables, raid, java, java / Math.max(tables, raid));
        });
    }

    private static double medianOfBest(RunResult result) {
        double[] best = result.getBenchmarkResults().stream()
                .mapToDouble(BesideIsaL::best)
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
