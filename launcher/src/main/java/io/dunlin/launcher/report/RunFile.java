package io.dunlin.launcher.report;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * {@code run.json}: what runs where, in which versions, and how it was started. It is replaced as a whole when ranks
 * start and when the run ends.
 */
public final class RunFile implements RunListener {
    private final Path file;
    private final Surroundings surroundings;
    private final List<String> commandLine;
    private final Consumer<String> trouble;

    private String started = "";
    private String job = "";
    private String transport = "";
    private long steps;
    private long generation;
    private List<RankFacts> ranks = List.of();

    /** The whole file; {@code state} is {@code starting}, {@code running}, or an outcome in small letters. */
    public record Facts(
            String job,
            String state,
            String started,
            String updated,
            long steps,
            @JsonProperty("last_step") long lastStep,
            @JsonProperty("last_saved") long lastSaved,
            @JsonProperty("command_line") List<String> commandLine,
            @JsonProperty("agent_pid") long agentPid,
            long generation,
            String transport,
            List<Surroundings.Host> hosts,
            List<RankFacts> ranks,
            Surroundings.Software software) {}

    /** A rank of the generation that runs. */
    public record RankFacts(int rank, String host, long pid, int threads, String log) {}

    /**
     * Makes a reporter.
     *
     * @param file to write
     * @param surroundings of the run
     * @param commandLine that started it
     * @param trouble is told if the file cannot be written; the run goes on
     */
    public RunFile(Path file, Surroundings surroundings, List<String> commandLine, Consumer<String> trouble) {
        this.file = file;
        this.surroundings = surroundings;
        this.commandLine = List.copyOf(commandLine);
        this.trouble = trouble;
    }

    /** What a run's file says; empty if there is none yet. */
    public static Optional<Facts> read(RunFolder folder) {
        try {
            return JsonLine.read(Files.readString(folder.facts()), Facts.class);
        } catch (NoSuchFileException none) {
            return Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException("while reading " + folder.facts(), e);
        }
    }

    @Override
    public void on(Instant at, RunEvent event) {
        switch (event) {
            case RunEvent.Started begun -> {
                started = at.toString();
                job = begun.job();
                transport = begun.transport();
                steps = begun.steps();
                write(at, "starting", 0, 0);
            }
            case RunEvent.RanksStarted(long number, List<RunEvent.Rank> all) -> {
                generation = number;
                ranks = all.stream().map(this::facts).toList();
                write(at, "running", 0, 0);
            }
            case RunEvent.NotStarted(long lastSaved) -> write(at, "failed", lastSaved, lastSaved);
            case RunEvent.Ended ended ->
                write(at, ended.outcome().name().toLowerCase(Locale.ROOT), ended.step(), ended.lastSaved());
            default -> {}
        }
    }

    private RankFacts facts(RunEvent.Rank rank) {
        return new RankFacts(
                rank.rank(),
                rank.host().isEmpty() ? surroundings.host().name() : rank.host(),
                rank.pid(),
                rank.threads(),
                rank.log().toString());
    }

    private void write(Instant at, String state, long lastStep, long lastSaved) {
        Facts facts = new Facts(
                job,
                state,
                started,
                at.toString(),
                steps,
                lastStep,
                lastSaved,
                commandLine,
                ProcessHandle.current().pid(),
                generation,
                transport,
                List.of(surroundings.host()),
                ranks,
                surroundings.software());
        Path next = file.resolveSibling(file.getFileName() + ".tmp");
        try {
            Files.writeString(next, JsonLine.pretty(facts));
            Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            trouble.accept("run.json cannot be written: " + e.getMessage());
        }
    }
}
