package io.dunlin.checkpoint;

import io.dunlin.checkpoint.CheckpointFolder.Entry;
import io.dunlin.checkpoint.CheckpointFolder.Standing;
import io.dunlin.checkpoint.format.CheckpointError;
import io.dunlin.checkpoint.format.CheckpointException;
import io.dunlin.checkpoint.format.Storage;
import io.dunlin.device.HostAccess;
import io.dunlin.tensor.NamedTensor;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;

/**
 * What a person means by a path: a run, its folder of checkpoints, or one checkpoint.
 *
 * @param folder of all checkpoints
 * @param step which one; empty for the newest
 */
public record CheckpointLocation(CheckpointFolder folder, Optional<Long> step) {
    /** Finds out what {@code path} is; it need not exist. */
    public static CheckpointLocation of(Path path, Storage storage) {
        Path absolute = path.toAbsolutePath().normalize();
        Optional<Entry> one = CheckpointFolder.entry(absolute).filter(entry -> entry.standing() == Standing.COMMITTED);
        if (one.isPresent() && absolute.getParent() != null) {
            return new CheckpointLocation(
                    new CheckpointFolder(absolute.getParent(), storage),
                    Optional.of(one.get().step()));
        }
        Path inner = absolute.resolve("ckpt");
        return new CheckpointLocation(
                new CheckpointFolder(storage.exists(inner) ? inner : absolute, storage), Optional.empty());
    }

    /**
     * Loads the checkpoint meant; called by all {@code peers}.
     *
     * @param into what is filled completely
     * @param host writes there
     * @throws CheckpointException if there is none, or it is damaged or of another model
     */
    public Restored load(Peers peers, InstantSource clock, List<NamedTensor> into, HostAccess host) {
        Restore restore = new Restore(folder, peers, clock, host);
        return step.isPresent()
                ? restore.at(step.get(), into)
                : restore.newest(into).restored().orElseThrow(this::none);
    }

    /**
     * The manifest of the checkpoint meant: of the newest whose manifest is whole.
     *
     * @throws CheckpointException if there is none
     */
    public Manifest manifest() {
        CheckpointInspection inspection = new CheckpointInspection(folder);
        return step.isPresent()
                ? inspection.show(step.get())
                : inspection.list().stream()
                        .filter(summary ->
                                summary.problem().isEmpty() && summary.entry().standing() == Standing.COMMITTED)
                        .flatMap(summary -> summary.manifest().stream())
                        .findFirst()
                        .orElseThrow(this::none);
    }

    private CheckpointException none() {
        return new CheckpointException(
                CheckpointError.NOT_FOUND, "there is no complete checkpoint in " + folder.root(), "");
    }
}
