package io.dunlin.launcher.cli;

import io.dunlin.device.cuda.CudaException;
import io.dunlin.error.ExitCode;
import io.dunlin.launcher.bench.StandIn;
import io.dunlin.launcher.bench.StepBench;
import io.dunlin.launcher.place.ComputeDevice;
import io.dunlin.launcher.place.DeviceChoice;
import io.dunlin.launcher.report.JsonLine;
import io.dunlin.launcher.report.Readable;
import io.dunlin.model.Precision;
import io.dunlin.model.Presets;
import io.dunlin.model.Recompute;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code dunlin bench step}: how fast one rank trains, and where its time goes. */
@Command(name = "step", description = "Measures a training step of one rank on random tokens.")
final class BenchStepCommand implements Callable<Integer>, Computes {
    private static final String VERB = "bench step";

    private final Terminal terminal;

    @Option(
            names = "--preset",
            paramLabel = "NAME",
            defaultValue = "gpt2-12m",
            description = "Which model; ${DEFAULT-VALUE} if absent.")
    private String preset = "";

    @Option(
            names = "--precision",
            paramLabel = "P",
            defaultValue = "fp32",
            description = "fp32 or bf16; ${DEFAULT-VALUE} if absent.")
    private String precision = "";

    @Option(
            names = "--threads",
            paramLabel = "N",
            defaultValue = "0",
            description = "Compute threads; all cores if absent.")
    private int threads;

    @Option(
            names = "--batch",
            paramLabel = "N",
            defaultValue = "0",
            description = "Sequences in a step; 2048 tokens' worth, for large models 1024, if absent.")
    private int batch;

    @Option(names = "--steps", paramLabel = "N", defaultValue = "0", description = "Steps that count.")
    private int steps;

    @Option(names = "--recompute", defaultValue = "none", paramLabel = "R", description = "none or layer.")
    private String recompute = "";

    @Option(
            names = "--device",
            paramLabel = "D",
            defaultValue = "cpu",
            description = DeviceWord.MEANING + "${DEFAULT-VALUE} if absent.")
    private String device = "";

    @Option(names = "--json", paramLabel = "FILE", defaultValue = "", description = "Write the result there as well.")
    private Path json = Path.of("");

    BenchStepCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws IOException {
        StepBench.Options options = options();
        DeviceChoice choice = DeviceWord.parse(device, VERB);
        int compute = threads > 0 ? threads : Runtime.getRuntime().availableProcessors();
        try (ComputeDevice opened = DeviceWord.open(choice, compute, terminal)) {
            StepBench.Result result = StepBench.run(opened.device(), options, System::nanoTime);
            print(result, terminal.out());
            if (!json.toString().isEmpty()) {
                Files.writeString(json, JsonLine.pretty(result));
            }
        } catch (CudaException e) {
            throw DeviceWord.failure(
                    e, "`--recompute layer`, a lower `--batch`, a smaller `--preset`, or `--device cpu`");
        }
        return ExitCode.DONE.number();
    }

    private StepBench.Options options() {
        if (!Presets.names().contains(preset)) {
            throw new CliException(
                    "DUN-110", "unknown preset '" + preset + "'", "there are: " + String.join(" ", Presets.names()));
        }
        StepBench.Options usual = StepBench.Options.of(preset, precision());
        return new StepBench.Options(
                preset,
                usual.precision(),
                recompute(),
                batch > 0 ? batch : usual.batch(),
                usual.warmup(),
                steps > 0 ? steps : usual.steps());
    }

    private Precision precision() {
        return new OptionWord<>("--precision", VERB, List.of(Precision.values()), Precision::label).parse(precision);
    }

    private Recompute recompute() {
        return new OptionWord<>("--recompute", VERB, List.of(Recompute.values()), Recompute::label).parse(recompute);
    }

    private void print(StepBench.Result result, PrintStream out) {
        out.printf(
                Locale.ROOT,
                "# %s, %s parameters, %s, batch %d x %d, %d steps, %s%n",
                result.preset(),
                Readable.about(result.parameters()),
                precision,
                result.batch(),
                result.context(),
                result.steps(),
                result.device());
        if (StandIn.is(result.device())) {
            out.println("# " + StandIn.REMARK);
        }
        if (result.kernels().isEmpty()) {
            out.println(
                    "# no times of kernels: on a GPU a call returns before its work is done; dunlin bench device has them");
        } else {
            kernels(result, out);
        }
        out.printf(
                Locale.ROOT,
                "%.0f tokens/s, %.1f ms/step (update %.1f), %.0f GFLOP/s, peak memory %s%n",
                result.tokensPerSecond(),
                result.stepMs(),
                result.updateMs(),
                result.gflops(),
                Readable.memory(result.peakRssBytes()));
    }

    private static void kernels(StepBench.Result result, PrintStream out) {
        out.printf(Locale.ROOT, "%-24s %6s %10s %7s %9s%n", "kernel", "calls", "ms/step", "share", "GFLOP/s");
        for (StepBench.Share share : result.kernels()) {
            out.printf(
                    Locale.ROOT,
                    "%-24s %6s %10.2f %6.1f%% %9s%n",
                    share.kernel(),
                    share.calls() == 0 ? "" : share.calls(),
                    share.ms(),
                    100 * share.share(),
                    share.gflops() == 0 ? "" : String.format(Locale.ROOT, "%.0f", share.gflops()));
        }
    }
}
