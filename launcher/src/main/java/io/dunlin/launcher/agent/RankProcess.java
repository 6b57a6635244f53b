package io.dunlin.launcher.agent;

import io.dunlin.launcher.report.JsonLine;
import io.dunlin.launcher.report.Report;
import io.dunlin.launcher.worker.Command;
import io.dunlin.launcher.worker.LaunchSpec;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * One rank's JVM. A thread writes what it is told to its standard input, another turns its standard output into events;
 * its standard error goes straight to its log.
 */
final class RankProcess implements RankHandle {
    private final LaunchSpec spec;
    private final Process process;
    private final Path log;
    private final Consumer<AgentEvent> sink;
    private final OutgoingLines outgoing;

    private RankProcess(LaunchSpec spec, Process process, Path log, Consumer<AgentEvent> sink) {
        this.spec = spec;
        this.process = process;
        this.log = log;
        this.sink = sink;
        this.outgoing = new OutgoingLines(process.getOutputStream(), "rank-%d-in".formatted(spec.rank()));
    }

    /**
     * Starts a process.
     *
     * @param builder its command line; the streams are set here
     * @param log appended to
     * @param sink takes its reports and its end, from threads of this class
     */
    static RankProcess start(ProcessBuilder builder, LaunchSpec spec, Path log, Consumer<AgentEvent> sink)
            throws IOException {
        Process started = builder.redirectInput(ProcessBuilder.Redirect.PIPE)
                .redirectOutput(ProcessBuilder.Redirect.PIPE)
                .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
        RankProcess rank = new RankProcess(spec, started, log, sink);
        rank.outgoing.send(JsonLine.write(spec));
        Thread.ofPlatform().daemon().name("rank-%d-out".formatted(spec.rank())).start(() -> {
            rank.read();
            rank.outgoing.close();
        });
        return rank;
    }

    private void read() {
        try (BufferedReader reader =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            String line;
            while ((line = reader.readLine()) != null) {
                Optional<Report> report = JsonLine.read(line, Report.class);
                if (report.isPresent()) {
                    sink.accept(new AgentEvent.Reported(spec.generation(), spec.rank(), report.get()));
                } else {
                    keep(line);
                }
            }
        } catch (IOException e) {
            keep("the agent could not read this rank's reports: " + e);
        }
        try {
            int status = process.waitFor();
            sink.accept(new AgentEvent.Exited(spec.generation(), spec.rank(), new RankExit(status)));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** What a native library prints belongs into the log. */
    private void keep(String line) {
        try {
            Files.writeString(log, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            // A log that cannot be written must not end a run.
        }
    }

    @Override
    public long pid() {
        return process.pid();
    }

    @Override
    public Path log() {
        return log;
    }

    @Override
    public void send(Command command) {
        outgoing.send(JsonLine.write(command));
    }

    @Override
    public void kill() {
        process.destroyForcibly();
    }

    @Override
    public String state() {
        if (!process.isAlive()) {
            return "ended";
        }
        try {
            String stat = Files.readString(Path.of("/proc/" + process.pid() + "/stat"));
            char letter = stat.charAt(stat.lastIndexOf(')') + 2);
            return switch (letter) {
                case 'R' -> "running";
                case 'S' -> "asleep";
                case 'D' -> "waiting for a device";
                case 'T', 't' -> "stopped by a signal";
                case 'Z' -> "ended";
                default -> "in state " + letter;
            };
        } catch (IOException | IndexOutOfBoundsException e) {
            return "alive";
        }
    }
}
