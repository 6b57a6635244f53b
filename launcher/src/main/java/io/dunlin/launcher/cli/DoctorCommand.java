package io.dunlin.launcher.cli;

import io.dunlin.error.ExitCode;
import io.dunlin.launcher.doctor.Examination;
import io.dunlin.launcher.doctor.Finding;
import io.dunlin.launcher.job.ResolvedJob;
import io.dunlin.launcher.place.Installation;
import io.dunlin.launcher.report.Style;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code dunlin doctor}: whether this machine can train, and what to do where it cannot. */
@Command(name = "doctor", description = "Checks whether this machine can train.")
final class DoctorCommand implements Callable<Integer> {
    private static final String REMEDY_INDENT = "\n" + " ".repeat(21);

    private final Terminal terminal;
    private int warnings;

    @Parameters(
            arity = "0..1",
            paramLabel = "JOB",
            defaultValue = "jdk-source",
            description = "The job to be ready for: a file or a recipe; ${DEFAULT-VALUE} if absent.")
    private String job = "";

    @Mixin
    private JobOptions options = new JobOptions();

    DoctorCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        Installation installation = Installation.current();
        ResolvedJob resolved = options.load(job, installation);
        int failures = Examination.of(installation, resolved.job(), Path.of("")).run(this::show);
        terminal.out().println();
        int ranks = resolved.job().launch().ranks();
        terminal.out().println(summary(failures, warnings, ranks));
        return (failures == 0 ? ExitCode.DONE : ExitCode.ENVIRONMENT).number();
    }

    private void show(Examination.Line line) {
        Style style = terminal.style();
        String text =
                switch (line.finding()) {
                    case Finding.Ok(String found) -> style.good("ok  ") + "  " + found;
                    case Finding.Warn(String found, String remedy) -> {
                        warnings++;
                        yield style.warning("warn") + "  " + found + REMEDY_INDENT + remedy;
                    }
                    case Finding.Fail(String found, String remedy) ->
                        style.alarm("FAIL") + "  " + (found + "\n" + remedy).replace("\n", REMEDY_INDENT);
                };
        terminal.out().printf("%-14s %s%n", line.title(), text);
    }

    private static String summary(int failures, int warnings, int ranks) {
        String whom = ranks == 1 ? "1 rank" : ranks + " ranks";
        String rest = warnings == 0 ? "" : ", " + warnings + (warnings == 1 ? " warning" : " warnings");
        return failures == 0
                ? "Ready to train on " + whom + rest + "."
                : failures + (failures == 1 ? " problem" : " problems") + rest + ": not ready to train on " + whom
                        + ".";
    }
}
