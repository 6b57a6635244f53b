package io.dunlin.launcher.cli;

import io.dunlin.checkpoint.CheckpointFolder;
import io.dunlin.checkpoint.Peers;
import io.dunlin.checkpoint.Restore;
import io.dunlin.checkpoint.RunContent;
import io.dunlin.checkpoint.format.LocalStorage;
import io.dunlin.data.Tokenizer;
import io.dunlin.device.cpu.CpuDevice;
import io.dunlin.device.cpu.CpuOptions;
import io.dunlin.error.ExitCode;
import io.dunlin.launcher.agent.Runs;
import io.dunlin.launcher.job.Job;
import io.dunlin.launcher.job.JobFile;
import io.dunlin.launcher.report.RunFolder;
import io.dunlin.model.Model;
import io.dunlin.model.TextGenerator;
import io.dunlin.tensor.NamedTensor;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code dunlin sample}: lets the model of a run write. */
@Command(name = "sample", description = "Lets the model of a run continue a text.")
final class SampleCommand implements Callable<Integer>, Computes {
    private static final long NEWEST = -1;

    private final Terminal terminal;

    @Parameters(paramLabel = "RUN", description = "Run folder, the beginning of its name, or last.")
    private String run = "";

    @Option(names = "--prompt", paramLabel = "TEXT", defaultValue = "", description = "Text to continue.")
    private String prompt = "";

    @Option(
            names = "--tokens",
            paramLabel = "N",
            defaultValue = "300",
            description = "How many tokens to write; ${DEFAULT-VALUE} if absent.")
    private int tokens;

    @Option(
            names = "--temperature",
            paramLabel = "T",
            defaultValue = "0.8",
            description = "0 takes the likeliest token, 1 draws as the model predicts; ${DEFAULT-VALUE} if absent.")
    private double temperature;

    @Option(
            names = "--top-k",
            paramLabel = "K",
            defaultValue = "0",
            description = "Draw among the K likeliest tokens only; 0 = all.")
    private int topK;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "1", description = "Another number, another text.")
    private long seed;

    @Option(
            names = "--step",
            paramLabel = "STEP",
            defaultValue = "-1",
            description = "Take the checkpoint of this step; the newest complete one if absent.")
    private long step;

    SampleCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        RunFolder folder = new Runs(Path.of("runs")).find(run);
        Job job = JobFile.load(folder.job(), List.of()).job();
        TextGenerator.Settings settings = new TextGenerator.Settings(tokens, temperature, topK, seed);
        int cores = Runtime.getRuntime().availableProcessors();
        try (CpuDevice device = CpuDevice.open(CpuOptions.fast(cores))) {
            Model model = Model.create(job.model().config(), device, job.train().precision());
            restore(folder, RunContent.weights(model.parameters()));
            model.valuesLoaded();
            TextGenerator generator = new TextGenerator(model, Tokenizer.named(job.data().tokenizer()));
            terminal.out().print(terminal.style().strong(prompt));
            generator.text(prompt, settings, this::write);
            terminal.out().println();
        }
        return ExitCode.DONE.number();
    }

    /** A terminal must not obey what a young model writes. */
    private void write(String piece) {
        terminal.out().print(piece.replaceAll("[\\p{Cntrl}&&[^\n\t]]", "\u00b7"));
        terminal.out().flush();
    }

    private void restore(RunFolder folder, List<NamedTensor> weights) {
        CheckpointFolder checkpoints = new CheckpointFolder(folder.checkpoints(), new LocalStorage());
        Restore restore = new Restore(checkpoints, Peers.alone(), InstantSource.system());
        if (step != NEWEST) {
            restore.at(step, weights);
            return;
        }
        Restore.Outcome outcome = restore.newest(weights);
        outcome.rejected()
                .forEach(rejected -> terminal.err()
                        .println(terminal.style()
                                .warning("!  " + rejected.reason().code() + "  "
                                        + rejected.reason().getMessage() + ": skipped")));
        if (outcome.restored().isEmpty()) {
            throw new CliException(
                    "DUN-130",
                    "run " + folder.root() + " has no complete checkpoint yet",
                    "touch " + folder.saveRequest() + " to save after the next step, if the run is going on");
        }
    }
}
