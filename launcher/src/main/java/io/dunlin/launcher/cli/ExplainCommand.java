package io.dunlin.launcher.cli;

import io.dunlin.error.ExitCode;
import io.dunlin.launcher.job.JobKeys;
import io.dunlin.launcher.job.Nearest;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code dunlin explain}: the long text behind an error code. */
@Command(name = "explain", description = "Says what an error code means, or what a job file can say.")
final class ExplainCommand implements Callable<Integer> {
    private static final String KEYS = "keys";

    private final Terminal terminal;

    @Parameters(
            arity = "0..1",
            paramLabel = "CODE",
            defaultValue = "",
            description = "For example DUN-307; all codes if absent. The word keys: all keys of the job file.")
    private String code = "";

    ExplainCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        ErrorCatalog catalog = ErrorCatalog.load();
        if (code.equals(KEYS)) {
            terminal.out().print(JobKeys.markdown());
        } else if (code.isEmpty()) {
            catalog.pages().forEach(page -> terminal.out().println(page.code() + "  " + page.title()));
        } else {
            ErrorCatalog.Page page = find(catalog, normalised());
            terminal.out().println(terminal.style().strong(page.code() + "  " + page.title()));
            terminal.out().println();
            terminal.out().println(page.text());
        }
        return ExitCode.DONE.number();
    }

    /** {@code 307} and {@code dun-307} are understood as well. */
    private String normalised() {
        String upper = code.toUpperCase(Locale.ROOT);
        return upper.startsWith("DUN-") ? upper : "DUN-" + upper;
    }

    private static ErrorCatalog.Page find(ErrorCatalog catalog, String wanted) {
        return catalog.page(wanted).orElseThrow(() -> {
            String near = Nearest.to(
                            wanted,
                            catalog.pages().stream()
                                    .map(ErrorCatalog.Page::code)
                                    .toList())
                    .map(found -> " Did you mean " + found + "?")
                    .orElse("");
            return new CliException(
                    "DUN-109", "there is no error code " + wanted + "." + near, "all codes: dunlin explain");
        });
    }
}
