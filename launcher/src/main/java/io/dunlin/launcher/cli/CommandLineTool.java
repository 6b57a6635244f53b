package io.dunlin.launcher.cli;

import io.dunlin.error.ExitCode;
import io.dunlin.launcher.job.Nearest;
import io.dunlin.launcher.report.Style;
import io.dunlin.launcher.report.Version;
import java.io.PrintWriter;
import java.time.Clock;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.UnmatchedArgumentException;

/** {@code dunlin}: finds the verb, runs it, and turns a failure into a screen of text and an exit code. */
public final class CommandLineTool {
    private final Terminal terminal;
    private final String mainClass;

    /**
     * Makes a tool.
     *
     * @param terminal to write to
     * @param mainClass that leads here: verbs that compute start it again with the flags of a rank
     */
    public CommandLineTool(Terminal terminal, String mainClass) {
        this.terminal = terminal;
        this.mainClass = mainClass;
    }

    /**
     * Runs one command.
     *
     * @return the number of its {@link ExitCode}
     */
    public int run(String... arguments) {
        CommandLine line = commandLine(List.of(arguments));
        return line.execute(arguments);
    }

    /** The verbs and their options. */
    CommandLine commandLine() {
        return commandLine(List.of());
    }

    private CommandLine commandLine(List<String> given) {
        Root root = new Root();
        CommandLine line = new CommandLine(root);
        verbs(given).forEach(line::addSubcommand);
        line.setExecutionStrategy(parsed -> execute(parsed, given));
        line.setUsageHelpWidth(100);
        line.setOut(new PrintWriter(terminal.out(), true));
        line.setErr(new PrintWriter(terminal.err(), true));
        line.setColorScheme(
                CommandLine.Help.defaultColorScheme(terminal.style() == Style.COLOURED ? Ansi.ON : Ansi.OFF));
        line.setExecutionExceptionHandler((failure, command, parsed) -> fail(failure, root.trace));
        line.setParameterExceptionHandler((failure, words) -> usage(failure, List.of(words)));
        return line;
    }

    private List<Object> verbs(List<String> given) {
        List<String> words = Stream.concat(Stream.of("dunlin"), given.stream()).toList();
        RunConsole console = new RunConsole(terminal, words);
        return List.of(
                new DoctorCommand(terminal),
                new PlanCommand(terminal),
                group("data", "Makes token shards of text.", List.of(new DataPrepareCommand(terminal))),
                new TrainCommand(console),
                new ResumeCommand(console),
                new StatusCommand(terminal, Clock.systemUTC()),
                new StopCommand(terminal),
                new TraceCommand(terminal),
                new SampleCommand(terminal),
                group("ckpt", "Lists, shows and verifies checkpoints.", CkptCommands.of(terminal)),
                new ExportCommand(terminal),
                new ImportCommand(terminal),
                group(
                        "bench",
                        "Measures.",
                        List.of(
                                new BenchStepCommand(terminal),
                                new BenchDeviceCommand(terminal),
                                new BenchCollectivesCommand(terminal),
                                new BenchLinkCommand(terminal))),
                new ExplainCommand(terminal));
    }

    private static CommandLine group(String name, String description, List<Object> verbs) {
        CommandLine.Model.CommandSpec spec =
                CommandLine.Model.CommandSpec.create().name(name);
        spec.usageMessage().description(description);
        CommandLine group = new CommandLine(spec);
        verbs.forEach(group::addSubcommand);
        return group;
    }

    /** A verb that computes does so in a process that can. */
    private int execute(CommandLine.ParseResult parsed, List<String> given) {
        List<CommandLine> chain = parsed.asCommandLineList();
        boolean helps = chain.stream().anyMatch(line -> line.isUsageHelpRequested() || line.isVersionHelpRequested());
        boolean elsewhere = chain.getLast().getCommand() instanceof Computes && !ComputeProcess.isThis();
        return elsewhere && !helps
                ? new ComputeProcess(terminal, mainClass).run(given)
                : new CommandLine.RunLast().execute(parsed);
    }

    private int fail(Throwable failure, boolean trace) {
        terminal.out().flush();
        terminal.err().print(new ErrorScreen(terminal.style(), trace).of(failure));
        return ErrorScreen.exitCode(failure).number();
    }

    private int usage(ParameterException failure, List<String> given) {
        CommandLine.Model.CommandSpec spec = failure.getCommandLine().getCommandSpec();
        boolean incomplete = !(failure instanceof UnmatchedArgumentException)
                && !spec.subcommands().isEmpty();
        String what = incomplete
                ? spec.qualifiedName() + " what? "
                        + String.join(" ", spec.subcommands().keySet())
                : String.valueOf(failure.getMessage());
        String hint = failure instanceof UnmatchedArgumentException unmatched ? hint(unmatched, spec) : "";
        CliException known =
                new CliException("DUN-100", what, hint + "all that is possible: " + spec.qualifiedName() + " --help");
        return fail(known, given.contains("--trace"));
    }

    private static String hint(UnmatchedArgumentException failure, CommandLine.Model.CommandSpec spec) {
        List<String> known = Stream.concat(spec.optionsMap().keySet().stream(), spec.subcommands().keySet().stream())
                .toList();
        return failure.getUnmatched().stream()
                .findFirst()
                .flatMap(word -> Nearest.to(word, known))
                .map(near -> "did you mean " + near + "?  ")
                .orElse("");
    }

    @Command(
            name = "dunlin",
            description = "Trains large models on one rank and on many.",
            mixinStandardHelpOptions = true,
            scope = ScopeType.INHERIT,
            versionProvider = VersionLine.class,
            synopsisSubcommandLabel = "COMMAND",
            sortOptions = false)
    private static final class Root implements Runnable {
        @Option(names = "--trace", scope = ScopeType.INHERIT, description = "Show the stack trace of a failure.")
        private boolean trace;

        @CommandLine.Spec
        @SuppressWarnings("NullAway.Init") // picocli sets it
        private CommandLine.Model.CommandSpec spec;

        @Override
        public void run() {
            throw new ParameterException(spec.commandLine(), "no command");
        }
    }

    /** Answers {@code --version}. */
    static final class VersionLine implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"dunlin " + Version.current() + ", Java " + Runtime.version()};
        }
    }
}
