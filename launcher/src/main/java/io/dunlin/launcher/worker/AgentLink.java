package io.dunlin.launcher.worker;

import io.dunlin.launcher.report.JsonLine;
import io.dunlin.launcher.report.Phase;
import io.dunlin.launcher.report.Report;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A rank's two ends of the pipes to its agent: reports out, one line each; first the specification, then commands in.
 *
 * <p>Any thread may report.
 */
final class AgentLink {
    private final BufferedReader in;
    private final PrintStream out;

    AgentLink(InputStream in, PrintStream out) {
        this.in = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
        this.out = out;
    }

    /** Tells the agent. */
    void report(Report report) {
        String line = JsonLine.write(report);
        synchronized (out) {
            out.print(line + "\n");
            out.flush();
        }
    }

    /** Tells the agent that this rank begins a phase. */
    void enter(Phase phase) {
        report(new Report.Entered(phase));
    }

    /**
     * Reads the first line.
     *
     * @throws WorkerException if it is not a specification
     */
    LaunchSpec specification() {
        String line = readLine().orElse("");
        return JsonLine.read(line, LaunchSpec.class).orElseThrow(() -> WorkerException.noSpecification(line));
    }

    /** Hands on every command that comes, on a thread of its own; the end of the stream is {@code agentGone}. */
    void listen(Consumer<Command> commands, Runnable agentGone) {
        Thread.ofPlatform().daemon().name("agent-link").start(() -> {
            for (Optional<String> line = readLine(); line.isPresent(); line = readLine()) {
                JsonLine.read(line.get(), Command.class).ifPresent(commands);
            }
            agentGone.run();
        });
    }

    private Optional<String> readLine() {
        try {
            return Optional.ofNullable(in.readLine());
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
