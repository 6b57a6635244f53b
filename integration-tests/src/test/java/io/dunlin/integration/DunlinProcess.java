package io.dunlin.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One {@code dunlin} command under way: its console, its end, and the means to disturb it. */
final class DunlinProcess {
    /** Longer than anything here takes, even on a machine that is busy with something else. */
    static final Duration PATIENCE = Duration.ofSeconds(120);

    private static final Duration POLL = Duration.ofMillis(20);

    private final Process process;
    private final Path console;

    private DunlinProcess(Process process, Path console) {
        this.process = process;
        this.console = console;
    }

    /**
     * Starts a command as the {@code dunlin} script does: same options file, same main class.
     *
     * @param prefix put before it, for example to run it on another host
     * @param environment variables beside those of this process
     * @param folder the command's current folder
     * @param console receives standard output and error
     */
    static DunlinProcess start(
            List<String> prefix, Map<String, String> environment, Path folder, Path console, List<String> arguments) {
        Path home = Repository.root();
        List<String> command = new ArrayList<>(prefix);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("@" + options(home, console.resolveSibling("command.options")));
        command.add("-Xmx192m");
        command.add("-Ddunlin.home=" + home);
        command.add("-cp");
        command.add(classPath());
        command.add("io.dunlin.launcher.Dunlin");
        command.addAll(arguments);
        try {
            ProcessBuilder builder = new ProcessBuilder(command)
                    .directory(folder.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(console.toFile());
            builder.environment().putAll(environment);
            Process process = builder.start();
            process.getOutputStream().close();
            return new DunlinProcess(process, console);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The options of a command that does not compute itself: it would be told of the incubating module for nothing. */
    private static Path options(Path home, Path file) {
        try {
            List<String> options = Files.readAllLines(home.resolve("conf/jvm.options")).stream()
                    .filter(line -> !line.contains("jdk.incubator.vector"))
                    .toList();
            return Files.write(file, options);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What the tests run with, but for the tests themselves: their settings are not the command's. */
    private static String classPath() {
        return String.join(
                File.pathSeparator,
                Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                        .filter(entry -> !entry.contains("test-classes") && !entry.endsWith("-tests.jar"))
                        .toList());
    }

    long pid() {
        return process.pid();
    }

    boolean running() {
        return process.isAlive();
    }

    /** All lines so far. */
    List<String> console() {
        try {
            return List.of(Files.readString(console).split("\\R"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The whole console so far. */
    String text() {
        return String.join("\n", console());
    }

    /** Waits for the end. */
    int exitCode() {
        return exitCode(PATIENCE);
    }

    /** Waits for the end, at most that long. */
    int exitCode(Duration limit) {
        try {
            assertThat(process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS))
                    .as("ended within %s; console so far:%n%s", limit, text())
                    .isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for a command", e);
        }
        return process.exitValue();
    }

    /** Waits for success. */
    DunlinProcess succeeds() {
        return endsWith(0);
    }

    /** Waits for an end with that exit code. */
    DunlinProcess endsWith(int code) {
        int exitCode = exitCode();
        assertThat(exitCode).as("exit code; console:%n%s", text()).isEqualTo(code);
        return this;
    }

    /** Waits until a line contains a match, and gives it. */
    Matcher line(String regex) {
        Pattern pattern = Pattern.compile(regex);
        await(regex)
                .atMost(PATIENCE)
                .pollInterval(POLL)
                .failFast(() -> assertThat(process.isAlive() || find(pattern).isPresent())
                        .as("still running, or with a line like %s:%n%s", regex, text())
                        .isTrue())
                .until(() -> find(pattern).isPresent());
        return find(pattern).orElseThrow();
    }

    private Optional<Matcher> find(Pattern pattern) {
        return console().stream().map(pattern::matcher).filter(Matcher::find).findFirst();
    }

    /** Sends a signal, for example {@code TERM}. */
    void signal(String name) {
        signal(pid(), name);
    }

    /** Sends a signal to any process. */
    static void signal(long pid, String name) {
        assertThat(kill(pid, name)).as("kill -%s %d", name, pid).isZero();
    }

    /** Sends a signal if there is still somebody to take it. */
    void signalIfRunning(String name) {
        if (process.isAlive()) {
            kill(pid(), name);
        }
    }

    private static int kill(long pid, String name) {
        try {
            return new ProcessBuilder("kill", "-" + name, Long.toString(pid))
                    .start()
                    .waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    /** Ends it and everything it started. */
    void destroy() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }
}
