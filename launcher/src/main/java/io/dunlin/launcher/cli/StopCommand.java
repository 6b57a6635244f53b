package io.dunlin.launcher.cli;

import io.dunlin.error.ExitCode;
import io.dunlin.launcher.agent.RunLock;
import io.dunlin.launcher.agent.Runs;
import io.dunlin.launcher.report.LiveFile;
import io.dunlin.launcher.report.Readable;
import io.dunlin.launcher.report.RunFile;
import io.dunlin.launcher.report.RunFolder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code dunlin stop}: a run finishes its step, saves and leaves; this waits for it. */
@Command(name = "stop", description = "Asks a run to finish its step, save and leave, and waits for it.")
final class StopCommand implements Callable<Integer> {
    private static final Duration PACE = Duration.ofSeconds(2);

    private final Terminal terminal;

    @Parameters(paramLabel = "RUN", description = "Run folder, the beginning of its name, or last.")
    private String run = "";

    StopCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        RunFolder folder = new Runs(Path.of("runs")).find(run);
        if (!RunLock.taken(folder)) {
            terminal.out().println("%s is not running".formatted(folder.root()));
            return ExitCode.DONE.number();
        }
        ask(folder);
        terminal.out().println("asked %s to stop".formatted(folder.root()));
        while (!RunLock.awaitRelease(folder, PACE)) {
            Optional<LiveFile.RankLine> first =
                    LiveFile.read(folder).flatMap(live -> live.ranks().stream().findFirst());
            first.ifPresent(line -> terminal.out()
                    .println("waiting    %s, step %s".formatted(line.phase().title(), Readable.count(line.step()))));
        }
        RunFile.read(folder).ifPresent(facts -> terminal.out()
                .println("%-10s after step %s, saved step %s"
                        .formatted(
                                facts.state(), Readable.count(facts.lastStep()), Readable.count(facts.lastSaved()))));
        return ExitCode.DONE.number();
    }

    private static void ask(RunFolder folder) {
        try {
            Files.writeString(folder.stopRequest(), "");
        } catch (IOException e) {
            throw new UncheckedIOException("while asking with " + folder.stopRequest(), e);
        }
    }
}
