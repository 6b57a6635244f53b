package io.dunlin.launcher.cli;

import io.dunlin.error.DunlinException;
import io.dunlin.launcher.agent.Runs;
import io.dunlin.launcher.job.ResolvedJob;
import io.dunlin.launcher.place.Installation;
import io.dunlin.launcher.report.RunFolder;
import io.dunlin.launcher.worker.LaunchSpec;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code dunlin train}: a new run of a job. */
@Command(name = "train", description = "Trains a job on one rank or many.")
final class TrainCommand implements Callable<Integer> {
    private final RunConsole console;

    @Parameters(
            paramLabel = "JOB",
            description = "Job file, or name of a recipe: recipes/jdk-source.toml or jdk-source.")
    private String job = "";

    @Mixin
    private JobOptions options = new JobOptions();

    @Option(
            names = "--run-dir",
            paramLabel = "FOLDER",
            description = "Folder of this run, in place of a new one in run.dir.")
    private Path runDir = Path.of("");

    TrainCommand(RunConsole console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        ResolvedJob resolved = options.load(job, Installation.current());
        RunFolder folder = runDir.toString().isEmpty()
                ? new Runs(Path.of(resolved.job().run().dir()))
                        .create(
                                resolved.job().run().name(),
                                LocalDateTime.now(ZoneId.systemDefault()),
                                ThreadLocalRandom.current())
                : Runs.createAt(runDir);
        try {
            return console.train(resolved, folder, LaunchSpec.Start.NEWEST).number();
        } catch (DunlinException e) {
            Runs.discardUnstarted(folder);
            throw e;
        }
    }
}
