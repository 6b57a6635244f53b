package io.dunlin.launcher.bench;

import io.dunlin.launcher.agent.LaunchException;
import io.dunlin.launcher.agent.OutgoingLines;
import io.dunlin.launcher.place.Installation;
import io.dunlin.launcher.report.JsonLine;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** One process of a measurement, as the process that started it sees it. */
final class BenchChild implements AutoCloseable {
    private static final int LAST_LINES = 5;
    private static final int UNKNOWN = -1;

    private final CrewSpec spec;
    private final Process process;
    private final Path log;
    private final OutgoingLines in;
    private final Consumer<Event> sink;

    /** What comes from a process. */
    sealed interface Event {
        /** The number of the process. */
        int child();
    }

    /** It has answered an order, or said that it has joined. */
    record Said(int child, Answers answers) implements Event {}

    /** It is no more. */
    record Ended(int child, int status, String lastLines) implements Event {}

    private BenchChild(CrewSpec spec, Process process, Path log, Consumer<Event> sink) {
        this.spec = spec;
        this.process = process;
        this.log = log;
        this.in = new OutgoingLines(process.getOutputStream(), "bench-%d-in".formatted(spec.rank()));
        this.sink = sink;
    }

    /**
     * Starts a process like a rank.
     *
     * @param cores that it may count on
     * @param sink takes what it says, and its end, from a thread of this class
     */
    static BenchChild start(Installation installation, int cores, CrewSpec spec, Consumer<Event> sink) {
        List<String> flags = List.of(
                "-Xmx256m",
                "-Xmn16m",
                "-XX:+UseSerialGC",
                "-XX:ActiveProcessorCount=" + cores,
                // Else a killed process would leave a file in the temporary folder.
                "-XX:-UsePerfData",
                "-XX:+DisplayVMOutputToStderr");
        List<String> command = installation.javaCommand(flags, BenchProcess.class.getName());
        // For whoever reads the list of processes.
        command.addAll(List.of(spec.run(), "rank", Integer.toString(spec.rank())));
        Path log = spec.folder().resolve("rank-%d.log".formatted(spec.rank()));
        try {
            Process process =
                    new ProcessBuilder(command).redirectError(log.toFile()).start();
            BenchChild child = new BenchChild(spec, process, log, sink);
            Thread.ofPlatform().daemon().name("bench-" + spec.rank()).start(child::listen);
            child.in.send(JsonLine.write(spec));
            return child;
        } catch (IOException e) {
            throw LaunchException.processNotStarted(spec.rank(), e);
        }
    }

    private void listen() {
        try (BufferedReader reader =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                JsonLine.read(line, Answers.class).ifPresent(answers -> sink.accept(new Said(spec.rank(), answers)));
            }
            sink.accept(new Ended(spec.rank(), process.waitFor(), lastLines()));
        } catch (IOException e) {
            close();
            sink.accept(new Ended(spec.rank(), process.isAlive() ? UNKNOWN : process.exitValue(), lastLines()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Tells it, without waiting for it; one that has ended hears nothing, and its end is an event. */
    void tell(Request request) {
        in.send(JsonLine.write(request));
    }

    private String lastLines() {
        try {
            List<String> lines = Files.readAllLines(log);
            return String.join("\n", lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size()));
        } catch (IOException e) {
            return "";
        }
    }

    /** Waits for its end, for at most {@code limit}, and then ends it. */
    void awaitEnd(Duration limit) {
        try {
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            process.destroyForcibly();
        }
    }

    /** Ends it at once; it has been given the time to leave. */
    @Override
    public void close() {
        in.close();
        process.destroyForcibly();
        awaitEnd(Limits.KILLED);
    }
}
