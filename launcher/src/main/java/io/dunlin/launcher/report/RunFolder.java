package io.dunlin.launcher.report;

import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/**
 * What is where in the folder of a run.
 *
 * @param root the folder
 */
public record RunFolder(Path root) {
    private static final DateTimeFormatter STAMP = DateTimeFormatter.ofPattern("MMdd-HHmm", Locale.ROOT);

    /**
     * The folder of a new run: {@code runs/1122-2104-gpt2-124m-7f3a}.
     *
     * @param parent of all runs
     * @param name of the job
     * @param at local time
     * @param salt that keeps two runs of the same minute apart; its low 16 bits count
     */
    public static RunFolder named(Path parent, String name, LocalDateTime at, int salt) {
        return new RunFolder(
                parent.resolve(String.format(Locale.ROOT, "%s-%s-%04x", STAMP.format(at), name, salt & 0xffff)));
    }

    /** The resolved job, each value with its origin. */
    public Path job() {
        return root.resolve("job.toml");
    }

    /** Hosts, ranks, versions, command line. */
    public Path facts() {
        return root.resolve("run.json");
    }

    /** Where each rank is, replaced about once a second while the run is on. */
    public Path live() {
        return root.resolve("live.json");
    }

    /** One line for each reported step. */
    public Path metrics() {
        return root.resolve("metrics.jsonl");
    }

    /** Everything that a rank wrote that is not a report. */
    public Path log(int rank) {
        return logs().resolve(String.format(Locale.ROOT, "rank-%05d.log", rank));
    }

    /** Folder of the logs. */
    public Path logs() {
        return root.resolve("log");
    }

    /** What the ranks of a generation have written about their communication, a file for each. */
    public Path flights(long generation) {
        return flights().resolve(String.format(Locale.ROOT, "gen-%05d", generation));
    }

    /** Folder of all flight recordings. */
    public Path flights() {
        return root.resolve("flight");
    }

    /** Folder of the checkpoints. */
    public Path checkpoints() {
        return root.resolve("ckpt");
    }

    /** To create this file asks for a save and an orderly end. */
    public Path stopRequest() {
        return root.resolve("STOP");
    }

    /** To create this file asks for a save. */
    public Path saveRequest() {
        return root.resolve("SAVE");
    }
}
