package io.dunlin.launcher.cli;

import io.dunlin.checkpoint.CheckpointLocation;
import io.dunlin.checkpoint.ModelFacts;
import io.dunlin.checkpoint.Peers;
import io.dunlin.checkpoint.RunContent;
import io.dunlin.data.Tokenizer;
import io.dunlin.device.cuda.CudaException;
import io.dunlin.error.ExitCode;
import io.dunlin.launcher.place.ComputeDevice;
import io.dunlin.launcher.place.DeviceChoice;
import io.dunlin.model.Model;
import io.dunlin.model.Precision;
import io.dunlin.model.TextGenerator;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code dunlin sample}: lets the model of a run write. */
@Command(name = "sample", description = "Lets the model of a run continue a text.")
final class SampleCommand implements Callable<Integer>, Computes {
    private static final long NEWEST = -1;

    private final Terminal terminal;

    @Parameters(paramLabel = "RUN", description = Checkpoints.RUN)
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

    @Option(
            names = "--tokenizer",
            paramLabel = "NAME",
            defaultValue = "",
            description = "byte or gpt2; that of the training if absent.")
    private String tokenizer = "";

    @Option(
            names = "--device",
            paramLabel = "D",
            defaultValue = "cpu",
            description = DeviceWord.MEANING + "${DEFAULT-VALUE} if absent.")
    private String device = "";

    SampleCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        DeviceChoice choice = DeviceWord.parse(device, "sample");
        CheckpointLocation location = location();
        TextGenerator.Settings settings = new TextGenerator.Settings(tokens, temperature, topK, seed);
        Map<String, String> facts = location.manifest().state().facts();
        Tokenizer words = Tokenizer.named(tokenizer(facts));
        int cores = Runtime.getRuntime().availableProcessors();
        try (ComputeDevice opened = DeviceWord.open(choice, cores, terminal)) {
            Model model = Model.create(ModelFacts.config(facts), opened.device(), Precision.F32);
            location.load(Peers.alone(), InstantSource.system(), RunContent.weights(model.parameters()), model.host());
            model.valuesLoaded();
            terminal.out().print(terminal.style().strong(prompt));
            new TextGenerator(model, words).text(prompt, settings, this::write);
            terminal.out().println();
        } catch (CudaException e) {
            throw DeviceWord.failure(e, "`--device cpu`");
        }
        return ExitCode.DONE.number();
    }

    private CheckpointLocation location() {
        CheckpointLocation found = Checkpoints.find(run);
        return step == NEWEST ? found : new CheckpointLocation(found.folder(), Optional.of(step));
    }

    private String tokenizer(Map<String, String> facts) {
        if (!tokenizer.isEmpty()) {
            return tokenizer;
        }
        return Optional.ofNullable(facts.get("data.tokenizer"))
                .orElseThrow(() -> new CliException(
                        "DUN-131",
                        "the checkpoint does not say which tokenizer its model was trained with",
                        "say it: --tokenizer gpt2 (or byte)"));
    }

    /** A terminal must not obey what a young model writes. */
    private void write(String piece) {
        terminal.out().print(piece.replaceAll("[\\p{Cntrl}&&[^\n\t]]", "\u00b7"));
        terminal.out().flush();
    }
}
