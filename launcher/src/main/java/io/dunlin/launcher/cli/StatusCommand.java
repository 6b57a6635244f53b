package io.dunlin.launcher.cli;

import io.dunlin.error.ExitCode;
import io.dunlin.launcher.agent.CheckpointsOnDisk;
import io.dunlin.launcher.agent.RunLock;
import io.dunlin.launcher.agent.Runs;
import io.dunlin.launcher.report.LiveFile;
import io.dunlin.launcher.report.Readable;
import io.dunlin.launcher.report.RunFile;
import io.dunlin.launcher.report.RunFolder;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code dunlin status}: which runs there are, or where the ranks of one are. */
@Command(name = "status", description = "Lists all runs, or shows where the ranks of one are.")
final class StatusCommand implements Callable<Integer> {
    private final Terminal terminal;
    private final Clock clock;

    @Parameters(
            arity = "0..1",
            paramLabel = "RUN",
            defaultValue = "",
            description = "Run folder, the beginning of its name, or last; all runs if absent.")
    private String run = "";

    StatusCommand(Terminal terminal, Clock clock) {
        this.terminal = terminal;
        this.clock = clock;
    }

    @Override
    public Integer call() {
        Runs runs = new Runs(Path.of("runs"));
        if (run.isEmpty()) {
            list(runs.all());
        } else {
            show(runs.find(run));
        }
        return ExitCode.DONE.number();
    }

    private void list(List<RunFolder> all) {
        if (all.isEmpty()) {
            terminal.out().println("no runs yet: dunlin train JOB");
        }
        int width = all.stream().mapToInt(folder -> name(folder).length()).max().orElse(0);
        for (RunFolder folder : all) {
            terminal.out().println(("%-" + width + "s  %s").formatted(name(folder), summary(folder)));
        }
    }

    /** {@code running    step 120 of 1,000}. */
    private static String summary(RunFolder folder) {
        boolean on = RunLock.taken(folder);
        Optional<RunFile.Facts> facts = RunFile.read(folder);
        String state = state(on, facts);
        // A live file without an agent is of one that was killed, and still the best there is to know.
        long step = LiveFile.read(folder)
                .flatMap(live -> live.ranks().stream().findFirst())
                .map(LiveFile.RankLine::step)
                .orElseGet(() -> facts.map(RunFile.Facts::lastStep).orElse(0L));
        String steps =
                facts.map(found -> " of " + Readable.count(found.steps())).orElse("");
        return "%-11s step %s%s".formatted(state, Readable.count(step), steps);
    }

    /** A run that says it is on, and whose agent is not, was killed. */
    private static String state(boolean on, Optional<RunFile.Facts> facts) {
        String said = facts.map(RunFile.Facts::state).orElse("new");
        boolean saysOn = said.equals("running") || said.equals("starting");
        return on ? (saysOn ? said : "starting") : (saysOn ? "killed" : said);
    }

    private static String name(RunFolder folder) {
        return folder.root().getFileName().toString();
    }

    private void show(RunFolder folder) {
        PrintStream out = terminal.out();
        boolean on = RunLock.taken(folder);
        Optional<RunFile.Facts> facts = RunFile.read(folder);
        out.println("%-10s %s".formatted("run", folder.root()));
        out.println("%-10s %s".formatted("state", summary(folder)));
        facts.ifPresent(found -> out.println("%-10s generation %d, agent %s, transport %s, started %s"
                .formatted(
                        "agent",
                        found.generation(),
                        on ? "pid " + found.agentPid() : "gone",
                        found.transport(),
                        found.started())));
        if (on) {
            LiveFile.read(folder).ifPresent(live -> table(out, live));
        } else {
            out.println("%-10s step %s      to go on: dunlin resume %s"
                    .formatted(
                            "saved",
                            Readable.count(new CheckpointsOnDisk(folder.checkpoints()).newestCompleteStep()),
                            folder.root()));
        }
    }

    private void table(PrintStream out, LiveFile.Live live) {
        Instant now = clock.instant();
        out.println();
        out.println("%4s  %8s  %-10s  %10s  %8s  %s".formatted("rank", "pid", "phase", "step", "loss", "last word"));
        for (LiveFile.RankLine line : live.ranks()) {
            Duration ago = Duration.between(Instant.parse(line.word()), now);
            out.println("%4d  %8d  %-10s  %10s  %8s  %s ago"
                    .formatted(
                            line.rank(),
                            line.pid(),
                            line.phase().title(),
                            Readable.count(line.step()),
                            Double.isNaN(line.loss()) ? "" : "%.4f".formatted(line.loss()),
                            Readable.time(ago)));
        }
    }
}
