package io.dunlin.launcher.cli;

import io.dunlin.checkpoint.CheckpointLocation;
import io.dunlin.checkpoint.format.LocalStorage;
import io.dunlin.checkpoint.huggingface.HuggingFaceExport;
import io.dunlin.device.cpu.CpuDevice;
import io.dunlin.device.cpu.CpuOptions;
import io.dunlin.error.ExitCode;
import io.dunlin.launcher.report.Readable;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code dunlin export}: writes the weights of a checkpoint as a Hugging Face folder. */
@Command(
        name = "export",
        description = "Writes the weights of a run as a Hugging Face folder, and checks what it wrote.")
final class ExportCommand implements Callable<Integer>, Computes {
    private static final long NEWEST = -1;

    private final Terminal terminal;

    @Parameters(index = "0", paramLabel = "RUN", description = Checkpoints.RUN)
    private String run = "";

    @Parameters(index = "1", paramLabel = "TARGET", description = "Folder to write; must not exist.")
    private Path target = Path.of("");

    @Option(
            names = "--step",
            paramLabel = "STEP",
            defaultValue = "-1",
            description = "Take the checkpoint of this step; the newest complete one if absent.")
    private long step;

    @Option(
            names = "--shard-bytes",
            paramLabel = "BYTES",
            defaultValue = "" + HuggingFaceExport.STANDARD_SHARD_BYTES,
            description = "Largest file; ${DEFAULT-VALUE} if absent.")
    private long shardBytes;

    ExportCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        CheckpointLocation found = Checkpoints.find(run);
        CheckpointLocation source = step == NEWEST ? found : new CheckpointLocation(found.folder(), Optional.of(step));
        int cores = Runtime.getRuntime().availableProcessors();
        try (CpuDevice device = CpuDevice.open(CpuOptions.fast(cores))) {
            HuggingFaceExport.Exported exported = new HuggingFaceExport(
                            new LocalStorage(), device, InstantSource.system(), shardBytes)
                    .export(source, target);
            int files = exported.files().size();
            terminal.out()
                    .printf(
                            "%-10s step %s as %s: %s in %d %s%n",
                            "exported",
                            Readable.count(exported.step()),
                            exported.folder(),
                            Readable.bytes(exported.bytes()),
                            files,
                            files == 1 ? "file" : "files");
            terminal.out()
                    .printf(
                            "%-10s read back, %s logits have the same bits%n",
                            terminal.style().good("ok"), Readable.count(exported.comparedLogits()));
        }
        return ExitCode.DONE.number();
    }
}
