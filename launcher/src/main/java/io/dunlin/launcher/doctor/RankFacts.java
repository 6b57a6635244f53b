package io.dunlin.launcher.doctor;

import io.dunlin.launcher.place.Installation;
import io.dunlin.launcher.report.JsonLine;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Starts one process like a rank and remembers what it said. */
final class RankFacts {
    private static final long LIMIT_S = 30;

    private final Installation installation;
    private final Path sharedMemory;
    private Answer answer = new Answer.Unasked();

    private sealed interface Answer {
        record Unasked() implements Answer {}

        record Said(RankProbe.Facts facts) implements Answer {}

        record Broke(String output) implements Answer {}
    }

    /** The process did not say anything; the message is the end of its output. */
    static final class BrokenException extends Exception {
        private static final long serialVersionUID = 1L;

        BrokenException(String output) {
            super(output);
        }
    }

    RankFacts(Installation installation, Path sharedMemory) {
        this.installation = installation;
        this.sharedMemory = sharedMemory;
    }

    /**
     * What the process said; it is started by the first call.
     *
     * @throws BrokenException if it ended without saying anything
     */
    RankProbe.Facts get() throws BrokenException, IOException, InterruptedException {
        if (answer instanceof Answer.Unasked) {
            answer = ask();
        }
        return switch (answer) {
            case Answer.Said(RankProbe.Facts facts) -> facts;
            case Answer.Broke(String output) -> throw new BrokenException(output);
            case Answer.Unasked() -> throw new IllegalStateException("asked, and no answer kept");
        };
    }

    private Answer ask() throws IOException, InterruptedException {
        List<String> command = installation.javaCommand(List.of("-Xmx256m"), RankProbe.class.getName());
        command.add(sharedMemory.toString());
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        Thread reaper = Thread.ofVirtual().start(() -> endLate(process));
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        reaper.interrupt();
        return output.lines()
                .flatMap(line -> JsonLine.read(line, RankProbe.Facts.class).stream())
                .findFirst()
                .<Answer>map(Answer.Said::new)
                .orElseGet(() -> new Answer.Broke(lastLines(output)));
    }

    private static void endLate(Process process) {
        try {
            if (!process.waitFor(LIMIT_S, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        }
    }

    private static String lastLines(String output) {
        List<String> lines = output.lines().toList();
        return String.join("\n", lines.subList(Math.max(0, lines.size() - 5), lines.size()));
    }
}
