package io.dunlin.launcher.cli;

import io.dunlin.error.DunlinException;
import io.dunlin.error.ExitCode;
import io.dunlin.launcher.report.ErrorText;
import io.dunlin.launcher.report.Style;
import io.dunlin.launcher.report.Version;
import java.io.PrintWriter;
import java.io.StringWriter;

/** The text that a failed command ends with. */
final class ErrorScreen {
    private final Style style;
    private final boolean trace;

    /**
     * Makes a screen.
     *
     * @param style of the text
     * @param trace whether to show stack traces of failures that are not bugs
     */
    ErrorScreen(Style style, boolean trace) {
        this.style = style;
        this.trace = trace;
    }

    /** Code, what is wrong and where, what to do; the stack trace for bugs. */
    String of(Throwable failure) {
        return switch (failure) {
            case DunlinException known -> text(known) + (trace ? "\n" + stack(known) : "");
            default -> bug(failure);
        };
    }

    static ExitCode exitCode(Throwable failure) {
        return switch (failure) {
            case DunlinException known -> known.exitCode();
            default -> ExitCode.BUG;
        };
    }

    private String text(DunlinException failure) {
        return of(failure.code(), failure.getMessage() == null ? "" : failure.getMessage(), failure.remedy());
    }

    String of(String code, String message, String remedy) {
        return ErrorText.of(style, code, message, remedy);
    }

    private String bug(Throwable failure) {
        return stack(failure) + "\n" + ErrorText.bug(style, Version.current());
    }

    private static String stack(Throwable failure) {
        StringWriter text = new StringWriter();
        failure.printStackTrace(new PrintWriter(text));
        return text.toString();
    }
}
