package io.dunlin.launcher.cli;

import io.dunlin.collectives.algorithm.AlgorithmTable;
import io.dunlin.collectives.algorithm.Way;
import io.dunlin.error.ExitCode;
import io.dunlin.launcher.bench.AlgorithmBench;
import io.dunlin.launcher.bench.BenchAlgorithm;
import io.dunlin.launcher.bench.BenchException;
import io.dunlin.launcher.bench.CollectiveOp;
import io.dunlin.launcher.bench.CollectivesBench;
import io.dunlin.launcher.place.Installation;
import io.dunlin.launcher.report.Readable;
import io.dunlin.tensor.DType;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code dunlin bench collectives}: how fast ranks exchange, by operation and size, in the columns of nccl-tests. */
@Command(name = "collectives", description = "Measures operations between ranks by size, as nccl-tests does.")
final class BenchCollectivesCommand implements Callable<Integer> {
    private static final String ALL = "all";
    private static final double SECONDS = 1;
    private static final double SECONDS_TUNING = 0.1;

    private final Terminal terminal;

    @Mixin
    private BenchOptions common = new BenchOptions();

    @Option(
            names = "--op",
            paramLabel = "OP",
            defaultValue = "all-reduce",
            description =
                    "all, or some of all-reduce, reduce-scatter, all-gather, all-to-all, broadcast, reduce, gather,"
                            + " scatter, send-receive, barrier, with commas between them; ${DEFAULT-VALUE} if absent.")
    private String operations = "";

    @Option(
            names = "--min",
            paramLabel = "BYTES",
            defaultValue = "1K",
            description = "Smallest size; ${DEFAULT-VALUE} if absent.")
    private String min = "";

    @Option(
            names = "--max",
            paramLabel = "BYTES",
            defaultValue = "256M",
            description = "Largest size; ${DEFAULT-VALUE} if absent.")
    private String max = "";

    @Option(
            names = "--factor",
            paramLabel = "F",
            defaultValue = "4",
            description = "Each size is so many times the one before; ${DEFAULT-VALUE} if absent.")
    private int factor;

    @Option(
            names = "--dtype",
            paramLabel = "T",
            defaultValue = "f32",
            description = "f32, bf16, f64, i32 or i8; ${DEFAULT-VALUE} if absent.")
    private String dtype = "";

    @Option(
            names = "--algorithm",
            paramLabel = "NAME",
            defaultValue = "auto",
            description =
                    "One way for all operations: direct, pairwise, owners, ring, bidirectional, doubling, halving-doubling,"
                            + " chain or shared; auto, as the communicator chooses, if absent.")
    private String algorithm = "";

    @Option(
            names = "--tune",
            paramLabel = "FILE",
            description = "Measure every algorithm, and write the fastest for each operation and size into FILE, for"
                    + " launch.algorithms of job files; what FILE says about other operations, ranks and transports"
                    + " stays.")
    private Optional<Path> tuned = Optional.empty();

    @Option(
            names = "--seconds-per-size",
            paramLabel = "S",
            description = "About how long each size is measured; 1 if absent, 0.1 with --tune.")
    private Optional<Double> secondsPerSize = Optional.empty();

    @Option(names = "--check", description = "Compare every element of every result with what it must be.")
    private boolean check;

    BenchCollectivesCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws IOException {
        CollectivesBench.Options options = options();
        common.requireWritable();
        if (tuned.isPresent()) {
            tune(tuned.get(), options);
            return ExitCode.DONE.number();
        }
        requireDoable(options);
        CollectivesBench.Result result =
                CollectivesBench.run(Installation.current(), options, new Table(options, terminal.out()));
        common.write(result);
        if (result.wrong() > 0) {
            throw BenchException.wrongResults(result);
        }
        return ExitCode.DONE.number();
    }

    private CollectivesBench.Options options() {
        return new CollectivesBench.Options(
                operations(),
                common.ranks(),
                common.transport(),
                algorithm(),
                dtype(),
                sizes(),
                effort(),
                check ? CollectivesBench.Checking.EVERY_ELEMENT : CollectivesBench.Checking.NONE);
    }

    private BenchAlgorithm algorithm() {
        return BenchAlgorithm.labelled(algorithm)
                .orElseThrow(() -> BenchOptions.wrong(
                        "--algorithm", "one of auto, " + labels(Arrays.stream(Way.values()), Way::label), algorithm));
    }

    private CollectivesBench.Effort effort() {
        double seconds = secondsPerSize.orElse(tuned.isPresent() ? SECONDS_TUNING : SECONDS);
        if (!(seconds > 0)) {
            throw BenchOptions.wrong("--seconds-per-size", "a positive number", Double.toString(seconds));
        }
        return tuned.isPresent()
                ? CollectivesBench.Effort.comparing(seconds)
                : CollectivesBench.Effort.thorough(seconds);
    }

    /** A forced way must do all operations: measuring another under its name would mislead. */
    private static void requireDoable(CollectivesBench.Options options) {
        if (options.algorithm().way().isEmpty()) {
            return;
        }
        Way way = options.algorithm().way().get();
        for (CollectiveOp op : options.operations()) {
            List<Way> ways = options.ways(op);
            if (!ways.contains(way)) {
                throw BenchOptions.wrong(
                        "--algorithm",
                        "one of %s for %s of %s over %s"
                                .formatted(
                                        labels(
                                                Stream.concat(
                                                        Stream.of(BenchAlgorithm.AUTO),
                                                        ways.stream().map(BenchAlgorithm::of)),
                                                BenchAlgorithm::label),
                                        op.label(),
                                        options.dtype().name().toLowerCase(Locale.ROOT),
                                        options.transport().label()),
                        "%s, which does %s".formatted(way.label(), doable(way, options)));
            }
        }
    }

    private static String doable(Way way, CollectivesBench.Options options) {
        List<CollectiveOp> operations = Arrays.stream(CollectiveOp.values())
                .filter(op -> options.ways(op).contains(way))
                .toList();
        return operations.isEmpty() ? "nothing between these ranks" : labels(operations.stream(), CollectiveOp::label);
    }

    private static <T> String labels(Stream<T> values, Function<T, String> label) {
        return values.map(label).collect(Collectors.joining(", "));
    }

    /** Everything that could keep the table from being written is looked at before anything is measured. */
    private void tune(Path file, CollectivesBench.Options options) throws IOException {
        if (options.algorithm().way().isPresent()) {
            throw BenchOptions.wrong("--tune", "no --algorithm: it measures all of them", algorithm);
        }
        if (AlgorithmBench.choosable(options).isEmpty()) {
            throw BenchOptions.wrong("--tune", "an --op that can be done in several ways", operations);
        }
        Path folder = file.toAbsolutePath().getParent();
        if (folder == null || !Files.isWritable(folder) || Files.isDirectory(file)) {
            throw BenchOptions.wrong("--tune", "a file in a folder where it can be written", file.toString());
        }
        AlgorithmTable before = Files.exists(file) ? AlgorithmTable.read(file) : AlgorithmTable.EMPTY;
        ChoicesTable table = new ChoicesTable(terminal.out());
        AlgorithmBench.Result result = AlgorithmBench.run(Installation.current(), options, table);
        before.updatedBy(result.table()).write(file);
        common.write(result);
        table.print(result, file);
    }

    private List<CollectiveOp> operations() {
        if (operations.equals(ALL)) {
            return List.of(CollectiveOp.values());
        }
        String known = labels(Arrays.stream(CollectiveOp.values()), CollectiveOp::label);
        return Stream.of(operations.split(",", -1))
                .map(label -> CollectiveOp.labelled(label.strip())
                        .orElseThrow(() -> BenchOptions.wrong("--op", "all or some of " + known, label)))
                .toList();
    }

    private DType dtype() {
        return Arrays.stream(DType.values())
                .filter(type -> type.name().toLowerCase(Locale.ROOT).equals(dtype))
                .findFirst()
                .orElseThrow(() -> BenchOptions.wrong("--dtype", "f32, bf16, f64, i32 or i8", dtype));
    }

    private CollectivesBench.Sizes sizes() {
        long smallest = BenchOptions.bytes("--min", min);
        long largest = BenchOptions.bytes("--max", max);
        if (smallest < 1 || largest < smallest) {
            throw BenchOptions.wrong("--min", "1 byte or more, and at most --max (%s)".formatted(max), min);
        }
        if (factor < 2) {
            throw BenchOptions.wrong("--factor", "2 or more", Integer.toString(factor));
        }
        return new CollectivesBench.Sizes(smallest, largest, factor);
    }

    /** Prints each row when it is complete. */
    private record Table(CollectivesBench.Options options, PrintStream out) implements CollectivesBench.Listener {
        private static final String ROW = "%12s %11s %5s %-14s %5s %11s %11s %8s %8s %6s %8s%n";

        @Override
        public void begins(double copyBytesPerSecond) {
            out.printf(
                    Locale.ROOT,
                    "# %d ranks, %s, algorithm %s; sums; times until the last rank is done%n"
                            + "# memory: each rank copies %s/s while all do; large sizes are compared with that%n",
                    options.ranks(),
                    options.transport().label(),
                    options.algorithm().label(),
                    Readable.bytes((long) copyBytesPerSecond));
            out.printf(
                    ROW, "size", "count", "type", "op", "place", "time", "p99", "algbw", "busbw", "#wrong", "of copy");
            out.printf(ROW, "(B)", "(elements)", "", "", "", "(us)", "(us)", "(GB/s)", "(GB/s)", "", "(%)");
        }

        @Override
        public void measured(CollectivesBench.Row row) {
            out.printf(
                    ROW,
                    row.bytes(),
                    row.count(),
                    row.dtype(),
                    row.op(),
                    row.inPlace() ? "in" : "out",
                    BenchOptions.microseconds(row.p50Us()),
                    BenchOptions.microseconds(row.p99Us()),
                    bandwidth(row.algbw()),
                    bandwidth(row.busbw()),
                    row.wrong().isPresent() ? row.wrong().getAsLong() : "N/A",
                    row.ofCopy().isPresent()
                            ? String.format(
                                    Locale.ROOT, "%.0f", 100 * row.ofCopy().getAsDouble())
                            : "");
        }

        private static String bandwidth(double bytesPerSecond) {
            return String.format(Locale.ROOT, "%.2f", bytesPerSecond / 1e9);
        }
    }
}
