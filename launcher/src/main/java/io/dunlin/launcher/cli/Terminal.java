package io.dunlin.launcher.cli;

import io.dunlin.launcher.report.Style;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * Where a command writes.
 *
 * @param out what was asked for
 * @param err failures
 * @param style of both
 */
public record Terminal(PrintStream out, PrintStream err, Style style) {

    /** The streams of this process, as UTF-8; coloured on a terminal unless the environment has {@code NO_COLOR}. */
    public static Terminal ofProcess() {
        return new Terminal(utf8(FileDescriptor.out), utf8(FileDescriptor.err), style(System.getenv()));
    }

    private static PrintStream utf8(FileDescriptor descriptor) {
        return new PrintStream(new FileOutputStream(descriptor), true, StandardCharsets.UTF_8);
    }

    private static Style style(Map<String, String> environment) {
        boolean refused = !environment.getOrDefault("NO_COLOR", "").isEmpty()
                || environment.getOrDefault("TERM", "dumb").equals("dumb");
        boolean terminal = System.console() != null && System.console().isTerminal();
        return terminal && !refused ? Style.COLOURED : Style.PLAIN;
    }
}
