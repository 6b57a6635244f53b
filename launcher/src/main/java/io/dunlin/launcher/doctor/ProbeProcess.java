package io.dunlin.launcher.doctor;

import io.dunlin.launcher.place.Installation;
import io.dunlin.launcher.report.JsonLine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * A process that is started like a rank, says one thing as a line of JSON, and ends: what breaks there does not break the
 * command.
 *
 * @param <T> the record that it says
 */
final class ProbeProcess<T> implements Probe<T> {
    private static final Executor READER =
            task -> Thread.ofVirtual().name("probe-output").start(task);

    private final Installation installation;
    private final List<String> command; // main class and arguments
    private final Class<T> type;
    private final Duration limit;
    private Answer<T> answer = new Answer.Unasked<>();

    private sealed interface Answer<T> {
        record Unasked<T>() implements Answer<T> {}

        record Said<T>(T facts) implements Answer<T> {}

        record Broke<T>(String output) implements Answer<T> {}

        record Late<T>() implements Answer<T> {}
    }

    ProbeProcess(Installation installation, List<String> command, Class<T> type, Duration limit) {
        this.installation = installation;
        this.command = List.copyOf(command);
        this.type = type;
        this.limit = limit;
    }

    @Override
    public T get() throws BrokenException, IOException, InterruptedException {
        if (answer instanceof Answer.Unasked<T>) {
            answer = ask();
        }
        return switch (answer) {
            case Answer.Said<T>(T facts) -> facts;
            case Answer.Broke<T>(String output) -> throw new BrokenException("ended with: " + output);
            case Answer.Late<T>() -> throw new LateException(limit);
            case Answer.Unasked<T>() -> throw new IllegalStateException("asked, and no answer kept");
        };
    }

    private Answer<T> ask() throws IOException, InterruptedException {
        List<String> java = installation.javaCommand(List.of("-Xmx256m"), command.getFirst());
        java.addAll(command.subList(1, command.size()));
        Process process = new ProcessBuilder(java).redirectErrorStream(true).start();
        process.getOutputStream().close();
        CompletableFuture<String> output = CompletableFuture.supplyAsync(() -> outputOf(process), READER);
        if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
            process.destroyForcibly(); // without a wait: what hangs in a driver may not even end then
            return new Answer.Late<>();
        }
        String text = output.join();
        Optional<T> said =
                text.lines().flatMap(line -> JsonLine.read(line, type).stream()).findFirst();
        return said.isPresent() ? new Answer.Said<>(said.get()) : new Answer.Broke<>(lastLines(text));
    }

    private static String outputOf(Process process) {
        try {
            return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String lastLines(String output) {
        List<String> lines = output.lines().toList();
        return String.join("\n", lines.subList(Math.max(0, lines.size() - 5), lines.size()));
    }
}
