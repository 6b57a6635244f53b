package io.dunlin.launcher.cli;

import io.dunlin.launcher.agent.Runs;
import io.dunlin.launcher.job.JobFile;
import io.dunlin.launcher.job.ResolvedJob;
import io.dunlin.launcher.report.RunFolder;
import io.dunlin.launcher.worker.LaunchSpec;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code dunlin resume}: a run goes on, on as many ranks as wanted. */
@Command(name = "resume", description = "Continues a run from its newest complete checkpoint, on any number of ranks.")
final class ResumeCommand implements Callable<Integer> {
    private static final long NEWEST = -1;

    private final RunConsole console;

    @Parameters(paramLabel = "RUN", description = "Run folder, the beginning of its name, or last.")
    private String run = "";

    @Mixin
    private JobOptions options = new JobOptions();

    @Option(
            names = "--from",
            paramLabel = "STEP",
            defaultValue = "-1",
            description = "Continue from the checkpoint of this step, and set later ones aside.")
    private long from = NEWEST;

    ResumeCommand(RunConsole console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        RunFolder folder = new Runs(Path.of("runs")).find(run);
        ResolvedJob job = JobFile.load(folder.job(), options.overrides());
        LaunchSpec.Start start = from == NEWEST ? LaunchSpec.Start.NEWEST : LaunchSpec.Start.at(from);
        return console.train(job, folder, start).number();
    }
}
