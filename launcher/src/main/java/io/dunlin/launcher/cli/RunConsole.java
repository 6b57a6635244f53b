package io.dunlin.launcher.cli;

import io.dunlin.error.ExitCode;
import io.dunlin.launcher.agent.NodeAgent;
import io.dunlin.launcher.job.ResolvedJob;
import io.dunlin.launcher.place.Installation;
import io.dunlin.launcher.report.BackgroundListener;
import io.dunlin.launcher.report.ConsoleReporter;
import io.dunlin.launcher.report.LiveFile;
import io.dunlin.launcher.report.MetricsFile;
import io.dunlin.launcher.report.RunFile;
import io.dunlin.launcher.report.RunFolder;
import io.dunlin.launcher.report.RunListener;
import io.dunlin.launcher.report.Surroundings;
import io.dunlin.launcher.worker.LaunchSpec;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/** Joins a node agent with what shows and records its run. */
final class RunConsole {
    private final Terminal terminal;
    private final List<String> commandLine;

    /**
     * Makes a console.
     *
     * @param commandLine as the person gave it, for {@code run.json}
     */
    RunConsole(Terminal terminal, List<String> commandLine) {
        this.terminal = terminal;
        this.commandLine = List.copyOf(commandLine);
    }

    /** Trains a run to its end. */
    ExitCode train(ResolvedJob job, RunFolder folder, LaunchSpec.Start start) {
        Installation installation = Installation.current();
        Consumer<String> trouble =
                text -> terminal.err().println(terminal.style().warning("!  " + text));
        try (MetricsFile metrics =
                new MetricsFile(folder.metrics(), job.job().observe().logEvery(), trouble)) {
            ConsoleReporter console = new ConsoleReporter(terminal.out(), terminal.style(), job.job(), Path.of(""));
            RunFile facts =
                    new RunFile(folder.facts(), Surroundings.look(installation.options()), commandLine, trouble);
            RunListener live = new LiveFile(folder.live());
            try (BackgroundListener listeners = new BackgroundListener(List.of(facts, live, metrics, console))) {
                return new NodeAgent(new NodeAgent.Order(job, folder, start, installation), listeners).run();
            }
        }
    }
}
