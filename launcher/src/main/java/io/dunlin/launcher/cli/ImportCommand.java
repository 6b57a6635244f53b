package io.dunlin.launcher.cli;

import io.dunlin.checkpoint.CheckpointEvent;
import io.dunlin.checkpoint.CheckpointFolder;
import io.dunlin.checkpoint.format.LocalStorage;
import io.dunlin.checkpoint.format.Storage;
import io.dunlin.checkpoint.huggingface.HuggingFaceImport;
import io.dunlin.error.ExitCode;
import io.dunlin.launcher.report.Readable;
import io.dunlin.model.ModelConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code dunlin import}: makes a checkpoint of a Hugging Face folder. */
@Command(name = "import", description = "Makes a checkpoint of a Hugging Face folder, to train on or sample from.")
final class ImportCommand implements Callable<Integer> {
    private final Terminal terminal;

    @Parameters(
            index = "0",
            paramLabel = "FOLDER",
            description = "Has config.json and model.safetensors or its shards.")
    private Path source = Path.of("");

    @Parameters(index = "1", paramLabel = "TARGET", description = "Folder for the checkpoint; must not exist.")
    private Path target = Path.of("");

    ImportCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        if (Files.exists(target)) {
            throw new CliException("DUN-132", target + " exists already", "choose another folder");
        }
        Storage storage = new LocalStorage();
        try (HuggingFaceImport model = HuggingFaceImport.open(storage, source)) {
            CheckpointEvent.Saved saved =
                    model.saveAsCheckpoint(new CheckpointFolder(target, storage), InstantSource.system());
            model.notes().forEach(note -> terminal.out().println("   " + note));
            ModelConfig config = model.config();
            terminal.out()
                    .printf(
                            "%-10s %s  %d layers x %d, vocab %s, %s parameters: %s in %s%n",
                            "imported",
                            config.family().name().toLowerCase(Locale.ROOT),
                            config.layers(),
                            config.width(),
                            Readable.count(config.vocabulary()),
                            Readable.about(config.parameterCount()),
                            Readable.bytes(saved.bytes()),
                            Readable.time(Duration.ofNanos(saved.durationNs())));
        }
        terminal.out().printf("%-10s dunlin sample %s --tokenizer gpt2%n", "next", target);
        terminal.out().printf("%-10s dunlin train JOB --set model.init=%s%n", "or", target);
        return ExitCode.DONE.number();
    }
}
