package io.dunlin.launcher;

import io.dunlin.launcher.cli.CommandLineTool;
import io.dunlin.launcher.cli.Terminal;

/** The {@code dunlin} command. */
public final class Dunlin {
    private Dunlin() {}

    /** Runs one command and ends the process with its exit code. */
    public static void main(String[] arguments) {
        System.exit(new CommandLineTool(Terminal.ofProcess(), Dunlin.class.getName()).run(arguments));
    }
}
