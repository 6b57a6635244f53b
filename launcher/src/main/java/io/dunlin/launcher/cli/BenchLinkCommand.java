package io.dunlin.launcher.cli;

import io.dunlin.error.ExitCode;
import io.dunlin.launcher.bench.LinkBench;
import io.dunlin.launcher.place.Installation;
import io.dunlin.launcher.report.Readable;
import java.io.PrintStream;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code dunlin bench link}: latency and bandwidth between every two ranks. */
@Command(name = "link", description = "Measures messages between every two ranks: latency and bandwidth.")
final class BenchLinkCommand implements Callable<Integer> {
    private static final int CELL = 9;

    private final Terminal terminal;

    @Mixin
    private BenchOptions common = new BenchOptions();

    @Option(
            names = "--seconds",
            paramLabel = "S",
            defaultValue = "0.5",
            description = "About how long each bandwidth is measured; ${DEFAULT-VALUE} if absent.")
    private double seconds;

    BenchLinkCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        if (!(seconds > 0)) {
            throw BenchOptions.wrong("--seconds", "a positive number", Double.toString(seconds));
        }
        LinkBench.Options options = LinkBench.Options.thorough(common.ranks(), common.transport(), seconds);
        common.requireWritable();
        LinkBench.Result result = LinkBench.run(Installation.current(), options);
        print(result, terminal.out());
        common.write(result);
        return ExitCode.DONE.number();
    }

    private static void print(LinkBench.Result result, PrintStream out) {
        out.printf("# %d ranks, %s; pairs that share no rank at once%n", result.ranks(), result.transport());
        matrix(result, out, "latency of 64 bytes, us, median", LinkBench.Link::p50Us);
        matrix(result, out, "latency of 64 bytes, us, 99th percentile", LinkBench.Link::p99Us);
        matrix(result, out, "bandwidth one way, GB/s", link -> link.oneWay() / 1e9);
        matrix(result, out, "bandwidth both ways at once, GB/s each", link -> link.bothWays() / 1e9);
        out.printf("all at once: each rank sends and receives %s/s%n", Readable.bytes((long) result.allAtOnce()));
    }

    /** A row for each sender, a column for each receiver. */
    private static void matrix(
            LinkBench.Result result, PrintStream out, String title, ToDoubleFunction<LinkBench.Link> value) {
        String[][] cells = new String[result.ranks()][result.ranks()];
        for (LinkBench.Link link : result.links()) {
            cells[link.from()][link.to()] = String.format(Locale.ROOT, "%.2f", value.applyAsDouble(link));
        }
        out.printf("%s%n%8s", title, "from\\to");
        for (int to = 0; to < result.ranks(); to++) {
            out.printf("%" + CELL + "d", to);
        }
        out.println();
        for (int from = 0; from < result.ranks(); from++) {
            out.printf("%8d", from);
            for (int to = 0; to < result.ranks(); to++) {
                out.printf("%" + CELL + "s", from == to ? "-" : cells[from][to]);
            }
            out.println();
        }
    }
}
