package io.dunlin.launcher.cli;

import io.dunlin.checkpoint.CheckpointFolder;
import io.dunlin.checkpoint.CheckpointInspection;
import io.dunlin.checkpoint.Manifest;
import io.dunlin.checkpoint.format.CheckpointException;
import io.dunlin.error.ExitCode;
import io.dunlin.launcher.report.ErrorText;
import io.dunlin.launcher.report.Readable;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code dunlin ckpt}: looks at the checkpoints of a run. */
final class CkptCommands {
    private static final long NEWEST = -1;

    private CkptCommands() {}

    static List<Object> of(Terminal terminal) {
        return List.of(new Ls(terminal), new Show(terminal), new Verify(terminal));
    }

    private static CheckpointInspection inspect(String run) {
        return new CheckpointInspection(Checkpoints.find(run).folder());
    }

    private static long newestComplete(CheckpointInspection inspection, String run) {
        return newest(inspection, run, summary -> summary.problem().isEmpty());
    }

    private static long newest(
            CheckpointInspection inspection, String run, Predicate<CheckpointInspection.Summary> wanted) {
        return inspection.list().stream()
                .filter(wanted)
                .findFirst()
                .orElseThrow(() -> new CliException(
                        "DUN-133",
                        "run " + run + " has no complete checkpoint",
                        "all there are: dunlin ckpt ls " + run))
                .entry()
                .step();
    }

    /** {@code ckpt ls}: one line for each. */
    @Command(name = "ls", description = "Lists checkpoints, newest first.")
    static final class Ls implements Callable<Integer> {
        private final Terminal terminal;

        @Parameters(paramLabel = "RUN", description = Checkpoints.RUN)
        private String run = "";

        private Ls(Terminal terminal) {
            this.terminal = terminal;
        }

        @Override
        public Integer call() {
            List<CheckpointInspection.Summary> all = inspect(run).list();
            if (all.isEmpty()) {
                terminal.out().println("no checkpoints yet");
                return ExitCode.DONE.number();
            }
            terminal.out().printf("%-24s %12s %8s %12s %10s%n", "checkpoint", "step", "files", "size", "val loss");
            all.forEach(this::print);
            return ExitCode.DONE.number();
        }

        private void print(CheckpointInspection.Summary summary) {
            terminal.out()
                    .printf(
                            Locale.ROOT,
                            "%-24s %12s %8s %12s %10s%s%n",
                            summary.entry().name(),
                            Readable.count(summary.entry().step()),
                            summary.manifest()
                                    .map(found -> Integer.toString(found.files().size()))
                                    .orElse(""),
                            summary.manifest()
                                    .map(found -> Readable.bytes(found.bytes()))
                                    .orElse(""),
                            summary.validationLoss().isPresent()
                                    ? String.format(
                                            Locale.ROOT,
                                            "%.4f",
                                            summary.validationLoss().getAsDouble())
                                    : "",
                            summary.problem()
                                    .map(problem -> "  "
                                            + terminal.style().warning(problem.code() + "  " + problem.getMessage()))
                                    .orElse(""));
        }
    }

    /** {@code ckpt show}: what one holds. */
    @Command(name = "show", description = "Shows what a checkpoint holds.")
    static final class Show implements Callable<Integer> {
        private final Terminal terminal;

        @Parameters(paramLabel = "RUN", description = Checkpoints.RUN)
        private String run = "";

        @Option(
                names = "--step",
                paramLabel = "STEP",
                defaultValue = "-1",
                description = "Which one; the newest complete if absent.")
        private long step;

        @Option(names = "--tensors", description = "List all tensors as well.")
        private boolean tensors;

        private Show(Terminal terminal) {
            this.terminal = terminal;
        }

        @Override
        public Integer call() {
            CheckpointInspection inspection = inspect(run);
            Manifest manifest = inspection.show(step == NEWEST ? newestComplete(inspection, run) : step);
            int ranks = manifest.files().size();
            line("step", Readable.count(manifest.state().step()));
            line("tokens", Readable.count(manifest.state().tokens()));
            line("data", manifest.state().position().toString());
            line("updates", Readable.count(manifest.state().optimizerUpdates()));
            line("saved", manifest.saved().truncatedTo(ChronoUnit.SECONDS) + ", " + age(manifest.saved()) + " ago");
            line("by", "%d %s, generation %d".formatted(ranks, ranks == 1 ? "rank" : "ranks", manifest.generation()));
            line("size", Readable.bytes(manifest.bytes()));
            new TreeMap<>(manifest.state().facts()).forEach(this::line);
            if (tensors) {
                printTensors(manifest);
            }
            return ExitCode.DONE.number();
        }

        private static String age(Instant saved) {
            return Readable.time(Duration.between(saved, Instant.now()));
        }

        private void line(String name, String value) {
            terminal.out().printf("%-16s %s%n", name, value);
        }

        private void printTensors(Manifest manifest) {
            terminal.out().println();
            for (Manifest.DataFile file : manifest.files()) {
                for (Manifest.SavedSlice saved : file.slices()) {
                    terminal.out()
                            .printf(
                                    "%-56s %-5s %-16s [%d, %d)  %s%n",
                                    saved.slice().name(),
                                    saved.dtype().name().toLowerCase(Locale.ROOT),
                                    saved.slice().shape(),
                                    saved.slice().offset(),
                                    saved.slice().offset() + saved.slice().length(),
                                    file.name());
                }
            }
        }
    }

    /** {@code ckpt verify}: reads every byte. */
    @Command(name = "verify", description = "Reads every byte of a checkpoint and compares the checksums.")
    static final class Verify implements Callable<Integer> {
        private final Terminal terminal;

        @Parameters(paramLabel = "RUN", description = Checkpoints.RUN)
        private String run = "";

        @Option(
                names = "--step",
                paramLabel = "STEP",
                defaultValue = "-1",
                description = "Which one; the newest if absent.")
        private long step;

        @Option(names = "--all", description = "All of them.")
        private boolean all;

        private Verify(Terminal terminal) {
            this.terminal = terminal;
        }

        @Override
        public Integer call() {
            CheckpointInspection inspection = inspect(run);
            List<Long> steps = all
                    ? inspection.list().stream()
                            .filter(Verify::committed)
                            .map(summary -> summary.entry().step())
                            .toList()
                    : List.of(step == NEWEST ? newest(inspection, run, Verify::committed) : step);
            long damaged = steps.stream()
                    .filter(each -> !sound(inspection.verify(each)))
                    .count();
            return (damaged == 0 ? ExitCode.DONE : ExitCode.CHECKPOINT).number();
        }

        /** Also one whose manifest cannot be read: that is what somebody who asks wants to know. */
        private static boolean committed(CheckpointInspection.Summary summary) {
            return summary.entry().standing() == CheckpointFolder.Standing.COMMITTED;
        }

        private boolean sound(CheckpointInspection.Verification verification) {
            String name = CheckpointFolder.nameOf(verification.step());
            if (verification.problems().isEmpty()) {
                terminal.out()
                        .printf(
                                "%s  %s, %s read, every checksum is right%n",
                                name, terminal.style().good("ok"), Readable.bytes(verification.bytes()));
                return true;
            }
            terminal.out().printf("%s  %s%n", name, terminal.style().alarm("DAMAGED"));
            terminal.err()
                    .print(verification.problems().stream().map(this::text).collect(Collectors.joining()));
            return false;
        }

        private String text(CheckpointException problem) {
            return ErrorText.of(
                    terminal.style(), problem.code(), String.valueOf(problem.getMessage()), problem.remedy());
        }
    }
}
