package io.dunlin.launcher.agent;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

/**
 * The folder of one run.
 *
 * <pre>
 * runs/1122-2104-gpt2-124m-7f3a/
 *   job.toml            resolved, with the origin of each value
 *   run.json            agent, ranks with their pids, versions, command line, outcome
 *   metrics.jsonl       one line for each logged step
 *   log/rank-00000.log  one for each rank
 *   ckpt/               checkpoints
 *   STOP | SAVE         made by anybody to ask for it
 *   agent.lock          locked while an agent trains the run
 * </pre>
 *
 * @param root absolute
 */
public record RunFolder(Path root) {
    private static final DateTimeFormatter STAMP = DateTimeFormatter.ofPattern("MMdd-HHmm", Locale.ROOT);
    private static final int ATTEMPTS = 100;

    /** The word that stands for the newest run. */
    public static final String LAST = "last";

    /** Makes it absolute. */
    public RunFolder {
        root = root.toAbsolutePath().normalize();
    }

    /**
     * Makes the folder of a new run: {@code <month><day>-<hour><minute>-<name>-<4 hexadecimal digits>}.
     *
     * @param runs holds all runs
     * @throws LaunchException if it cannot be made
     */
    static RunFolder create(Path runs, String name, LocalDateTime now, RandomGenerator random) {
        String clean = name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^-|-$", "");
        try {
            Files.createDirectories(runs);
            for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
                Path root = runs.resolve("%s-%s-%04x".formatted(STAMP.format(now), clean, random.nextInt(1 << 16)));
                try {
                    Files.createDirectory(root);
                } catch (FileAlreadyExistsException e) {
                    continue;
                }
                return new RunFolder(root).withParts();
            }
        } catch (IOException e) {
            throw LaunchException.runFolder(runs, e);
        }
        throw new IllegalStateException("no free name in " + runs + " after " + ATTEMPTS + " attempts");
    }

    /** Takes a folder that the user has named for a new run; it must not hold one yet. */
    static RunFolder createAt(Path root) {
        RunFolder folder = new RunFolder(root);
        if (Files.exists(folder.job())) {
            throw LaunchException.runExists(folder.root());
        }
        try {
            Files.createDirectories(folder.root());
            return folder.withParts();
        } catch (IOException e) {
            throw LaunchException.runFolder(folder.root(), e);
        }
    }

    private RunFolder withParts() throws IOException {
        Files.createDirectories(logs());
        Files.createDirectories(checkpoints());
        return this;
    }

    /**
     * The run that a person means.
     *
     * @param word a run folder, the name of one in {@code runs}, the beginning of such a name, or {@code last}
     * @throws LaunchException if there is no such run
     */
    public static RunFolder find(String word, Path runs) {
        if (word.equals(LAST)) {
            return all(runs).stream()
                    .max(Comparator.comparing(RunFolder::begun))
                    .orElseThrow(() -> LaunchException.noRunsIn(runs));
        }
        Path given = Path.of(word);
        Path named = runs.resolve(word);
        if (Files.exists(given.resolve("job.toml")) || !Files.isDirectory(runs)) {
            return new RunFolder(given).existing();
        }
        if (Files.exists(named.resolve("job.toml"))) {
            return new RunFolder(named);
        }
        List<RunFolder> matches = all(runs).stream()
                .filter(folder -> folder.name().startsWith(word))
                .toList();
        return matches.size() == 1 ? matches.getFirst() : new RunFolder(given).existing();
    }

    /** All runs in a folder, in order of their names. */
    public static List<RunFolder> all(Path runs) {
        if (!Files.isDirectory(runs)) {
            return List.of();
        }
        try (Stream<Path> children = Files.list(runs)) {
            return children.filter(child -> Files.exists(child.resolve("job.toml")))
                    .sorted()
                    .map(RunFolder::new)
                    .toList();
        } catch (IOException e) {
            throw LaunchException.runFolder(runs, e);
        }
    }

    private RunFolder existing() {
        if (!Files.exists(job())) {
            throw LaunchException.noRun(root);
        }
        return this;
    }

    private long begun() {
        try {
            return Files.getLastModifiedTime(Files.exists(record()) ? record() : job())
                    .toMillis();
        } catch (IOException e) {
            return 0;
        }
    }

    /** The folder's name, which is also the run's id. */
    public String name() {
        return root.getFileName().toString();
    }

    /** The resolved job. */
    public Path job() {
        return root.resolve("job.toml");
    }

    /** Who runs it. */
    public Path record() {
        return root.resolve("run.json");
    }

    /** Logged steps. */
    public Path metrics() {
        return root.resolve("metrics.jsonl");
    }

    /** Folder of all logs. */
    public Path logs() {
        return root.resolve("log");
    }

    /** Standard error of one rank, all generations one after the other. */
    public Path log(int rank) {
        return logs().resolve("rank-%05d.log".formatted(rank));
    }

    /** Folder of all checkpoints. */
    public Path checkpoints() {
        return root.resolve("ckpt");
    }

    /** Asks the run to save and leave, by being there. */
    public Path stop() {
        return root.resolve("STOP");
    }

    /** Asks the run to save and go on, by being there. */
    public Path save() {
        return root.resolve("SAVE");
    }

    /** Locked by the agent. */
    public Path lock() {
        return root.resolve("agent.lock");
    }

    /** Writes a text file of the run so that a reader sees the old text or the new, never half of one. */
    void write(Path file, String text) {
        try {
            Path half = file.resolveSibling(file.getFileName() + ".tmp");
            Files.writeString(half, text);
            Files.move(half, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw LaunchException.runFolder(root, e);
        }
    }
}
