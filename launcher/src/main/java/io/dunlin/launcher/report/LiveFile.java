package io.dunlin.launcher.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * {@code live.json}: where each rank is, for {@code dunlin status}. It is replaced at most once a second, and goes when
 * the run ends.
 */
public final class LiveFile implements RunListener {
    private static final Duration PACE = Duration.ofSeconds(1);

    private final Path file;
    private final SortedMap<Integer, RankLine> ranks = new TreeMap<>();
    private long generation;
    private Instant written = Instant.EPOCH;

    /**
     * The whole file.
     *
     * @param at when it was written
     * @param ranks in order
     */
    public record Live(String at, long generation, List<RankLine> ranks) {}

    /**
     * One rank.
     *
     * @param phase it is in
     * @param step last complete one
     * @param loss of that step; the same on every rank
     * @param word when it last said anything
     */
    public record RankLine(int rank, long pid, Phase phase, long step, double loss, String word) {
        private RankLine in(Phase next, Instant at) {
            return new RankLine(rank, pid, next, step, loss, at.toString());
        }
    }

    /** Writes to {@code file}. */
    public LiveFile(Path file) {
        this.file = file;
    }

    /** What the file of a run says; empty if the run is not on. */
    public static Optional<Live> read(RunFolder folder) {
        try {
            return JsonLine.read(Files.readString(folder.live()), Live.class);
        } catch (IOException none) {
            return Optional.empty();
        }
    }

    @Override
    public void on(Instant at, RunEvent event) {
        switch (event) {
            case RunEvent.RanksStarted(long number, List<RunEvent.Rank> started) -> {
                generation = number;
                ranks.clear();
                started.forEach(one -> ranks.put(
                        one.rank(), new RankLine(one.rank(), one.pid(), Phase.START, 0, Double.NaN, at.toString())));
                write(at);
            }
            case RunEvent.FromRank(int rank, Report report) -> {
                ranks.computeIfPresent(rank, (_, line) -> after(line, report, at));
                if (Duration.between(written, at).compareTo(PACE) >= 0) {
                    write(at);
                }
            }
            case RunEvent.Ended _ -> remove();
            default -> {}
        }
    }

    private static RankLine after(RankLine line, Report report, Instant at) {
        return switch (report) {
            case Report.Entered(Phase phase) -> line.in(phase, at);
            case Report.Step step ->
                new RankLine(line.rank(), line.pid(), Phase.STEP, step.step(), step.loss(), at.toString());
            case Report.Saved _, Report.Evaluated _, Report.Sampled _ -> line.in(Phase.STEP, at);
            case Report.Restored restored ->
                new RankLine(line.rank(), line.pid(), line.phase(), restored.step(), line.loss(), at.toString());
            case Report.Done _ -> line.in(Phase.STOP, at);
            default -> line.in(line.phase(), at);
        };
    }

    private void write(Instant at) {
        written = at;
        try {
            Path next = file.resolveSibling(file.getFileName() + ".tmp");
            Files.writeString(next, JsonLine.write(new Live(at.toString(), generation, List.copyOf(ranks.values()))));
            Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            // Status is a convenience; a full disk is said by those who must write.
        }
    }

    private void remove() {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            // An old file does no harm: status asks the lock of the run first.
        }
    }
}
