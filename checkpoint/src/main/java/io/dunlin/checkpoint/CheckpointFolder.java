package io.dunlin.checkpoint;

import io.dunlin.checkpoint.format.CheckpointError;
import io.dunlin.checkpoint.format.CheckpointException;
import io.dunlin.checkpoint.format.Storage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The folder that holds all checkpoints of a run, and the names in it.
 *
 * <pre>
 * ckpt/owner                      the generation that may commit
 * ckpt/step-00000500/             manifest.json  rank-00000.safetensors ...
 * ckpt/step-00001000.g3.tmp/      being written by generation 3
 * ckpt/step-00000250.trash/       being deleted
 * ckpt/step-00001500.aside/       from before the run went back to an earlier step; kept until the run is past it
 * </pre>
 *
 * @param root the folder itself
 * @param storage how its files are reached
 */
public record CheckpointFolder(Path root, Storage storage) {
    private static final Pattern NAME = Pattern.compile("step-(\\d{8,18})(\\.g\\d+\\.tmp|\\.tmp|\\.trash|\\.aside.*)?");

    /** What the name of a folder says about it. */
    public enum Standing {
        /** It has its final name: it was complete once. */
        COMMITTED,
        /** It was never finished. */
        UNFINISHED,
        /** It is being deleted. */
        TRASH,
        /** The run has gone back to an earlier step. */
        ASIDE
    }

    /**
     * A folder found.
     *
     * @param path where
     * @param step of the run
     * @param standing what its name says
     */
    public record Entry(Path path, long step, Standing standing) {
        /** The last part of the path. */
        public String name() {
            return path.getFileName().toString();
        }
    }

    /** The name of a complete checkpoint. */
    public static String nameOf(long step) {
        return "step-%08d".formatted(step);
    }

    /** Where the complete checkpoint of a step is. */
    public Path committed(long step) {
        return root.resolve(nameOf(step));
    }

    Path unfinished(long step, long generation) {
        return root.resolve("%s.g%d.tmp".formatted(nameOf(step), generation));
    }

    Path trash(long step) {
        return root.resolve(nameOf(step) + ".trash");
    }

    /** The name of the file that a rank writes. */
    static String fileOf(int rank) {
        return "rank-%05d.safetensors".formatted(rank);
    }

    /**
     * All checkpoints, complete or not, newest first; none if the folder does not exist.
     *
     * @throws CheckpointException if it cannot be read
     */
    public List<Entry> scan() {
        try {
            return entries();
        } catch (IOException e) {
            throw new CheckpointException(
                    CheckpointError.READ_FAILED,
                    "cannot list %s: %s".formatted(root, CheckpointException.words(e)),
                    "",
                    e);
        }
    }

    /** Makes the folder and those above it that are missing, so that they survive a power cut. */
    void make() throws IOException {
        make(root.toAbsolutePath());
    }

    private void make(Path folder) throws IOException {
        Path parent = folder.getParent();
        if (parent != null && !storage.exists(folder)) {
            make(parent);
            storage.createFolder(folder);
            storage.forceFolder(parent);
        }
    }

    List<Entry> entries() throws IOException {
        List<Entry> entries = new ArrayList<>();
        if (storage.exists(root)) {
            for (Path path : storage.list(root)) {
                entry(path).ifPresent(entries::add);
            }
        }
        entries.sort(Comparator.comparingLong(Entry::step).reversed().thenComparing(Entry::name));
        return entries;
    }

    /**
     * The manifest of a checkpoint.
     *
     * @throws CheckpointException if it is missing or damaged
     */
    Manifest manifest(Entry entry) {
        Path path = entry.path().resolve(Manifest.FILE_NAME);
        try {
            if (!storage.exists(path)) {
                throw new CheckpointException(
                        CheckpointError.INCOMPLETE,
                        "checkpoint %s is incomplete (no %s)".formatted(entry.name(), Manifest.FILE_NAME),
                        "");
            }
            Manifest manifest = ManifestCodec.decode(storage.readAll(path), entry.name() + "/" + Manifest.FILE_NAME);
            if (manifest.state().step() != entry.step()) {
                throw new CheckpointException(
                        CheckpointError.MANIFEST_DAMAGED,
                        "%s holds the checkpoint of step %d"
                                .formatted(entry.name(), manifest.state().step()),
                        "");
            }
            return manifest;
        } catch (IOException e) {
            throw new CheckpointException(
                    CheckpointError.READ_FAILED,
                    "cannot read %s: %s".formatted(path, CheckpointException.words(e)),
                    "",
                    e);
        }
    }

    /** What a path is by its name, if it is a checkpoint. */
    static Optional<Entry> entry(Path path) {
        Path name = path.getFileName();
        Matcher matcher = NAME.matcher(name == null ? "" : name.toString());
        if (!matcher.matches()) {
            return Optional.empty();
        }
        String suffix = Optional.ofNullable(matcher.group(2)).orElse("");
        Standing standing = suffix.isEmpty()
                ? Standing.COMMITTED
                : suffix.endsWith(".tmp")
                        ? Standing.UNFINISHED
                        : suffix.equals(".trash") ? Standing.TRASH : Standing.ASIDE;
        return Optional.of(new Entry(path, Long.parseLong(matcher.group(1)), standing));
    }
}
