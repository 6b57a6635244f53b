package io.dunlin.launcher.cli;

import io.dunlin.launcher.place.Installation;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs a verb that computes in a JVM with the flags of a rank. The launcher's own has no incubator modules, so that Java
 * has nothing to warn about in front of people.
 */
final class ComputeProcess {
    private static final String VECTOR_MODULE = "jdk.incubator.vector";

    private final Terminal terminal;
    private final String mainClass;

    ComputeProcess(Terminal terminal, String mainClass) {
        this.terminal = terminal;
        this.mainClass = mainClass;
    }

    /** Whether this process can compute. */
    static boolean isThis() {
        return ModuleLayer.boot().findModule(VECTOR_MODULE).isPresent();
    }

    /**
     * Runs the same command there.
     *
     * @return its exit code
     */
    int run(List<String> arguments) {
        List<String> command = new ArrayList<>(
                Installation.current().javaCommand(List.of("-Xmx512m", "-Xmn16m", "-XX:+UseSerialGC"), mainClass));
        command.addAll(arguments);
        try {
            Process process = new ProcessBuilder(command)
                    .redirectInput(Redirect.INHERIT)
                    .redirectOutput(Redirect.INHERIT)
                    .start();
            Thread hook = new Thread(process::destroy, "end-compute-process");
            Runtime.getRuntime().addShutdownHook(hook);
            passOnErrors(process);
            return process.waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for a command", e);
        }
    }

    private void passOnErrors(Process process) throws IOException {
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (!line.startsWith("WARNING: Using incubator modules")) {
                    terminal.err().println(line);
                }
            }
        }
    }
}
