package io.dunlin.launcher.cli;

import io.dunlin.error.ExitCode;
import io.dunlin.launcher.bench.BenchException;
import io.dunlin.launcher.bench.CollectiveOp;
import io.dunlin.launcher.bench.CollectivesBench;
import io.dunlin.launcher.place.Installation;
import io.dunlin.launcher.report.Readable;
import io.dunlin.tensor.DType;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code dunlin bench collectives}: how fast ranks exchange, by operation and size, in the columns of nccl-tests. */
@Command(name = "collectives", description = "Measures operations between ranks by size, as nccl-tests does.")
final class BenchCollectivesCommand implements Callable<Integer> {
    private static final String ALL = "all";

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
            description = "auto: as the communicator chooses.")
    private String algorithm = "";

    @Option(
            names = "--seconds-per-size",
            paramLabel = "S",
            defaultValue = "1",
            description = "About how long each size is measured; ${DEFAULT-VALUE} if absent.")
    private double secondsPerSize;

    @Option(names = "--check", description = "Compare every element of every result with what it must be.")
    private boolean check;

    BenchCollectivesCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        CollectivesBench.Options options = options();
        common.requireWritable();
        CollectivesBench.Result result =
                CollectivesBench.run(Installation.current(), options, new Table(options, terminal.out()));
        common.write(result);
        if (result.wrong() > 0) {
            throw BenchException.wrongResults(result);
        }
        return ExitCode.DONE.number();
    }

    private CollectivesBench.Options options() {
        if (!algorithm.equals("auto")) {
            throw BenchOptions.wrong("--algorithm", "auto", algorithm);
        }
        if (!(secondsPerSize > 0)) {
            throw BenchOptions.wrong("--seconds-per-size", "a positive number", Double.toString(secondsPerSize));
        }
        return new CollectivesBench.Options(
                operations(),
                common.ranks(),
                common.transport(),
                dtype(),
                sizes(),
                CollectivesBench.Effort.thorough(secondsPerSize),
                check ? CollectivesBench.Checking.EVERY_ELEMENT : CollectivesBench.Checking.NONE);
    }

    private List<CollectiveOp> operations() {
        if (operations.equals(ALL)) {
            return List.of(CollectiveOp.values());
        }
        String known =
                Arrays.stream(CollectiveOp.values()).map(CollectiveOp::label).collect(Collectors.joining(", "));
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
                    "# %d ranks, %s, algorithm auto; sums; times until the last rank is done%n"
                            + "# memory: each rank copies %s/s while all do; large sizes are compared with that%n",
                    options.ranks(),
                    options.transport().label(),
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
                    microseconds(row.p50Us()),
                    microseconds(row.p99Us()),
                    bandwidth(row.algbw()),
                    bandwidth(row.busbw()),
                    row.wrong().isPresent() ? row.wrong().getAsLong() : "N/A",
                    row.ofCopy().isPresent()
                            ? String.format(
                                    Locale.ROOT, "%.0f", 100 * row.ofCopy().getAsDouble())
                            : "");
        }

        private static String microseconds(double time) {
            return String.format(Locale.ROOT, time < 1000 ? "%.2f" : "%.1f", time);
        }

        private static String bandwidth(double bytesPerSecond) {
            return String.format(Locale.ROOT, "%.2f", bytesPerSecond / 1e9);
        }
    }
}
