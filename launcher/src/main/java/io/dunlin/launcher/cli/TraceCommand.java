package io.dunlin.launcher.cli;

import io.dunlin.collectives.flight.Flight;
import io.dunlin.collectives.flight.GroupFlight;
import io.dunlin.collectives.flight.OperationRecord;
import io.dunlin.error.ExitCode;
import io.dunlin.launcher.agent.Runs;
import io.dunlin.launcher.report.ChromeTrace;
import io.dunlin.launcher.report.FlightFolder;
import io.dunlin.launcher.report.Readable;
import io.dunlin.launcher.report.RunFolder;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.ToLongFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code dunlin trace}: what the ranks of a run have communicated, as one trace for Perfetto. */
@Command(
        name = "trace",
        description = "Puts together what all ranks of a run have written about their communication, for Perfetto.")
final class TraceCommand implements Callable<Integer> {
    private static final long NEWEST = -1;
    private static final String ROW = "%4s  %-16s  %10s  %9s  %9s  %12s  %10s  %s%n";

    private final Terminal terminal;

    @Parameters(paramLabel = "RUN", description = "Run folder, the beginning of its name, or last.")
    private String run = "";

    @Option(names = "--out", paramLabel = "FILE", description = "File to write; RUN/trace.json if absent.")
    private Optional<Path> out = Optional.empty();

    @Option(
            names = "--generation",
            paramLabel = "N",
            defaultValue = "" + NEWEST,
            description = "Ranks of this generation; the newest if absent.")
    private long generation;

    TraceCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        RunFolder folder = new Runs(Path.of("runs")).find(run);
        OutputFile file = new OutputFile("--out", out.orElse(folder.root().resolve("trace.json")));
        file.requireWritable();
        FlightFolder recordings = new FlightFolder(folder);
        List<Long> known = recordings.generations();
        long chosen = generation == NEWEST && !known.isEmpty() ? known.getLast() : generation;
        List<Flight> flights = known.contains(chosen) ? recordings.read(chosen) : List.of();
        if (flights.isEmpty()) {
            throw new CliException(
                    "DUN-134",
                    "%s has no flight recording%s"
                            .formatted(folder.root(), generation == NEWEST ? "" : " of generation " + generation),
                    known.isEmpty()
                            ? "ranks write one if there are several, and observe.flight_operations is not 0"
                            : "generations with recordings: " + known);
        }
        int slices = file.write(new ChromeTrace(flights)::write);
        terminal.out()
                .println("%-10s generation %d: %s operations of %d ranks in %s      open it at https://ui.perfetto.dev"
                        .formatted("trace", chosen, Readable.count(slices), flights.size(), file.path()));
        terminal.out().println();
        table(flights);
        return ExitCode.DONE.number();
    }

    private void table(List<Flight> flights) {
        PrintStream to = terminal.out();
        to.printf(
                Locale.ROOT, ROW, "rank", "host", "operations", "sent", "received", "median wait", "exposed", "state");
        for (Flight flight : flights) {
            List<OperationRecord> operations = flight.groups().stream()
                    .flatMap(group -> group.operations().stream())
                    .toList();
            to.printf(
                    Locale.ROOT,
                    ROW,
                    flight.rank(),
                    flight.identity().host(),
                    Readable.count(operations.size()),
                    Readable.bytes(sum(operations, OperationRecord.Traffic::sentBytes)),
                    Readable.bytes(sum(operations, OperationRecord.Traffic::receivedBytes)),
                    milliseconds("%.3f ms", medianWaitNs(operations)),
                    milliseconds("%.1f ms", sum(operations, OperationRecord.Traffic::exposedNs)),
                    state(flight));
        }
    }

    private static long sum(List<OperationRecord> operations, ToLongFunction<OperationRecord.Traffic> part) {
        return operations.stream()
                .mapToLong(one -> part.applyAsLong(one.traffic()))
                .sum();
    }

    private static String milliseconds(String format, double ns) {
        return String.format(Locale.ROOT, format, ns / 1e6);
    }

    /** The time in which bytes were missing and none came, in the middle operation. */
    private static double medianWaitNs(List<OperationRecord> operations) {
        long[] waits = operations.stream()
                .mapToLong(one -> one.traffic().receiveStallNs())
                .sorted()
                .toArray();
        return waits.length == 0 ? 0 : waits[(waits.length - 1) / 2];
    }

    /** The first group that gave up, or that has an operation that is not over, or nothing. */
    private static String state(Flight flight) {
        for (GroupFlight group : flight.groups()) {
            if (!group.failure().isEmpty()) {
                return group.failure();
            }
        }
        return flight.groups().stream()
                .flatMap(group -> group.oldestUnderWay().stream().map(one -> "in operation %d of group %s (%s)"
                        .formatted(one.number(), group.name(), one.call().words())))
                .findFirst()
                .orElse("");
    }
}
