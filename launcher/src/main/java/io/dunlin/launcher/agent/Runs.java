package io.dunlin.launcher.agent;

import io.dunlin.launcher.report.RunFolder;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.LocalDateTime;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

/**
 * The folder that holds all runs: makes new ones and finds those a person means.
 *
 * @param folder for example {@code runs}
 */
public record Runs(Path folder) {
    /** The word that stands for the newest run. */
    public static final String LAST = "last";

    private static final int ATTEMPTS = 100;

    /** Makes it absolute. */
    public Runs {
        folder = folder.toAbsolutePath().normalize();
    }

    /**
     * Makes the folder of a new run, with a name that no other has.
     *
     * @throws LaunchException if it cannot be made
     */
    public RunFolder create(String job, LocalDateTime now, RandomGenerator random) {
        String name = job.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^-+|-+$", "");
        try {
            Files.createDirectories(folder);
            for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
                RunFolder run = RunFolder.named(folder, name, now, random.nextInt());
                try {
                    Files.createDirectory(run.root());
                } catch (FileAlreadyExistsException e) {
                    continue;
                }
                return withParts(run);
            }
        } catch (IOException e) {
            throw LaunchException.runFolder(folder, e);
        }
        throw new IllegalStateException("no free name in " + folder + " after " + ATTEMPTS + " attempts");
    }

    /**
     * Takes a folder that the user has named for a new run.
     *
     * @throws LaunchException if it holds one already, or cannot be written
     */
    public static RunFolder createAt(Path root) {
        RunFolder run = new RunFolder(root.toAbsolutePath().normalize());
        if (Files.exists(run.job())) {
            throw LaunchException.runExists(run.root());
        }
        try {
            Files.createDirectories(run.root());
            return withParts(run);
        } catch (IOException e) {
            throw LaunchException.runFolder(run.root(), e);
        }
    }

    private static RunFolder withParts(RunFolder run) throws IOException {
        Files.createDirectories(run.logs());
        Files.createDirectories(run.checkpoints());
        return run;
    }

    /** Removes the folder of a run that never came to start a rank; one that holds anything else stays. */
    public static void discardUnstarted(RunFolder run) {
        try {
            if (isEmpty(run.logs()) && isEmpty(run.checkpoints())) {
                List<Path> parts = List.of(
                        run.logs(),
                        run.checkpoints(),
                        run.job(),
                        run.facts(),
                        run.metrics(),
                        run.root().resolve(RunLock.FILE),
                        run.root());
                for (Path part : parts) {
                    Files.deleteIfExists(part);
                }
            }
        } catch (IOException e) {
            // What stays behind is small, and the failure that led here is about to be said.
        }
    }

    private static boolean isEmpty(Path folder) throws IOException {
        try (Stream<Path> children = Files.list(folder)) {
            return children.findAny().isEmpty();
        }
    }

    /**
     * The run that a person means.
     *
     * @param word path of a run folder, name of one in here or the beginning of it, or {@code last}
     * @throws LaunchException if there is no such run
     */
    public RunFolder find(String word) {
        if (word.equals(LAST)) {
            return all().stream()
                    .max(Comparator.comparingLong(Runs::lastActive))
                    .orElseThrow(() -> LaunchException.noRunsIn(folder));
        }
        Path given = Path.of(word).toAbsolutePath().normalize();
        if (holdsRun(given)) {
            return new RunFolder(given);
        }
        if (holdsRun(folder.resolve(word))) {
            return new RunFolder(folder.resolve(word));
        }
        List<RunFolder> matches = all().stream()
                .filter(run -> run.root().getFileName().toString().startsWith(word))
                .toList();
        if (matches.size() != 1) {
            throw LaunchException.noRun(given, all().size(), matches.size());
        }
        return matches.getFirst();
    }

    /** All runs in here, in order of their names. */
    public List<RunFolder> all() {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> children = Files.list(folder)) {
            return children.filter(Runs::holdsRun).sorted().map(RunFolder::new).toList();
        } catch (IOException e) {
            throw LaunchException.runFolder(folder, e);
        }
    }

    private static boolean holdsRun(Path path) {
        return Files.exists(path.resolve("job.toml"));
    }

    private static long lastActive(RunFolder run) {
        try {
            Path newest = Files.exists(run.facts()) ? run.facts() : run.job();
            return Files.getLastModifiedTime(newest).toMillis();
        } catch (IOException e) {
            return 0;
        }
    }

    /** Writes a file of a run so that a reader sees the old text or the new, never half of one. */
    static void write(Path file, String text) {
        try {
            Path half = file.resolveSibling(file.getFileName() + ".tmp");
            Files.writeString(half, text);
            Files.move(half, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw LaunchException.runFolder(file, e);
        }
    }
}
