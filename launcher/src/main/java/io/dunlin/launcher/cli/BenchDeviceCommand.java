package io.dunlin.launcher.cli;

import io.dunlin.device.cuda.CudaException;
import io.dunlin.error.ExitCode;
import io.dunlin.launcher.bench.BenchSize;
import io.dunlin.launcher.bench.DeviceBench;
import io.dunlin.launcher.bench.StandIn;
import io.dunlin.launcher.place.ComputeDevice;
import io.dunlin.launcher.place.DeviceChoice;
import io.dunlin.launcher.report.JsonLine;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code dunlin bench device}: what the GPU, or the CPU, can do. */
@Command(name = "device", description = "Measures matrix products, copies and kernels of a GPU, or of the CPU.")
final class BenchDeviceCommand implements Callable<Integer>, Computes {
    private static final String VERB = "bench device";

    private final Terminal terminal;

    @Option(
            names = "--device",
            paramLabel = "D",
            defaultValue = "auto",
            description = DeviceWord.MEANING + "${DEFAULT-VALUE} if absent.")
    private String device = "";

    @Option(
            names = "--size",
            paramLabel = "S",
            description = "Of operands: small, medium or large; medium for a CPU and large for a GPU, if absent.")
    private Optional<String> size = Optional.empty();

    @Option(
            names = "--seconds",
            paramLabel = "S",
            defaultValue = "0.25",
            description = "About how long each figure is measured; ${DEFAULT-VALUE} if absent.")
    private double seconds;

    @Option(
            names = "--threads",
            paramLabel = "N",
            defaultValue = "0",
            description = "Compute threads of the CPU; all cores if absent.")
    private int threads;

    @Option(names = "--json", paramLabel = "FILE", description = "Write the result there as well.")
    private Optional<Path> json = Optional.empty();

    BenchDeviceCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        DeviceChoice choice = DeviceWord.parse(device, VERB);
        Optional<BenchSize> asked = size.map(BenchDeviceCommand::parsed);
        if (!(seconds > 0)) {
            throw new CliException(
                    "DUN-100",
                    "--seconds expects a positive number, found " + seconds,
                    "dunlin %s --help".formatted(VERB));
        }
        Optional<OutputFile> file = json.map(path -> new OutputFile("--json", path));
        file.ifPresent(OutputFile::requireWritable);
        int compute = threads > 0 ? threads : Runtime.getRuntime().availableProcessors();
        try (ComputeDevice opened = DeviceWord.open(choice, compute, terminal)) {
            DeviceBench.Options options =
                    new DeviceBench.Options(asked.orElseGet(() -> BenchSize.usual(opened)), seconds);
            Tables tables = new Tables(StandIn.is(opened.device().description()), terminal.out());
            terminal.out().println("# " + opened.device().description());
            DeviceBench.Result result = DeviceBench.run(opened.device(), options, System::nanoTime, tables);
            file.ifPresent(output -> output.write(path -> Files.writeString(path, JsonLine.pretty(result))));
        } catch (CudaException e) {
            throw DeviceWord.failure(e, "a smaller `--size` (small or medium), or `--device cpu`");
        }
        return ExitCode.DONE.number();
    }

    private static BenchSize parsed(String label) {
        return new OptionWord<>("--size", VERB, List.of(BenchSize.values()), BenchSize::label).parse(label);
    }

    /** Prints each figure when it is there. */
    private record Tables(boolean standIn, PrintStream out) implements DeviceBench.Listener {
        private static final String ROW = "%-22s %-22s %-5s %12s %10s%s%n";

        @Override
        public void begins(DeviceBench.Table table) {
            out.println();
            out.println("# " + title(table));
            if (standIn) {
                out.println("# " + StandIn.REMARK);
            }
            switch (table) {
                case PRODUCTS -> out.printf(ROW, "product", "R x C x N", "type", "time (us)", "TFLOP/s", "");
                case COPIES -> out.printf(ROW, "copy", "bytes", "", "time (us)", "GB/s", "");
                case KERNELS -> out.printf(ROW, "kernel", "shape", "type", "time (us)", "rate", "");
            }
        }

        private static String title(DeviceBench.Table table) {
            return switch (table) {
                case PRODUCTS ->
                    "products of a linear layer, y[R,N] = x[R,C] * w[N,C]^T and its gradients; sums in f32";
                case COPIES -> "copies between the device and pinned memory of the host";
                case KERNELS -> "kernels; GB/s of what must be read and written, TFLOP/s of causal attention";
            };
        }

        @Override
        public void measured(DeviceBench.Row row) {
            boolean computes = row.flopsPerSecond() > 0;
            String unit =
                    switch (row.table()) {
                        case PRODUCTS, COPIES -> "";
                        case KERNELS -> computes ? " TFLOP/s" : " GB/s";
                    };
            out.printf(
                    ROW,
                    row.name(),
                    row.shape(),
                    row.dtype(),
                    BenchOptions.microseconds(row.p50Us()),
                    String.format(
                            Locale.ROOT,
                            computes ? "%.3f" : "%.2f",
                            computes ? row.flopsPerSecond() / 1e12 : row.bytesPerSecond() / 1e9),
                    unit);
        }
    }
}
