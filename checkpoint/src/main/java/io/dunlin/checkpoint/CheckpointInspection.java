package io.dunlin.checkpoint;

import io.dunlin.checkpoint.CheckpointFolder.Entry;
import io.dunlin.checkpoint.CheckpointFolder.Standing;
import io.dunlin.checkpoint.Manifest.DataFile;
import io.dunlin.checkpoint.format.CheckpointError;
import io.dunlin.checkpoint.format.CheckpointException;
import io.dunlin.device.HostAccess;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/** Looks at the checkpoints of a run without changing anything. */
public final class CheckpointInspection {
    private final CheckpointFolder folder;

    /** Looks at one folder of checkpoints. */
    public CheckpointInspection(CheckpointFolder folder) {
        this.folder = folder;
    }

    /**
     * One line of a list.
     *
     * @param entry folder, step and what its name says
     * @param manifest what it holds, if that can be read
     * @param validationLoss in nats, if there was an evaluation
     * @param problem why it cannot be used, as far as names, lengths and the manifest tell
     */
    public record Summary(
            Entry entry,
            Optional<Manifest> manifest,
            OptionalDouble validationLoss,
            Optional<CheckpointException> problem) {}

    /**
     * What reading all of a checkpoint gave.
     *
     * @param step of the run
     * @param bytes read
     * @param problems every damaged file, header and tensor; none if the checkpoint is as it was written
     */
    public record Verification(long step, long bytes, List<CheckpointException> problems) {}

    /** All checkpoints, newest first; reads manifests and lengths, no tensors. */
    public List<Summary> list() {
        return folder.scan().stream().map(this::summary).toList();
    }

    private Summary summary(Entry entry) {
        if (entry.standing() == Standing.UNFINISHED || entry.standing() == Standing.TRASH) {
            return new Summary(
                    entry,
                    Optional.empty(),
                    OptionalDouble.empty(),
                    Optional.of(new CheckpointException(
                            CheckpointError.INCOMPLETE,
                            entry.standing() == Standing.UNFINISHED
                                    ? "checkpoint %s is being written, or was never finished".formatted(entry.name())
                                    : "checkpoint %s is being deleted".formatted(entry.name()),
                            "")));
        }
        Optional<Manifest> manifest = Optional.empty();
        Optional<CheckpointException> problem = Optional.empty();
        try (SliceReader reader = new SliceReader(folder.storage(), entry, HostAccess.HOST)) {
            manifest = Optional.of(folder.manifest(entry));
            reader.requireFiles(manifest.get());
        } catch (CheckpointException e) {
            problem = Optional.of(e);
        }
        OptionalDouble loss =
                manifest.map(m -> Housekeeping.validationLoss(m.state())).orElse(OptionalDouble.empty());
        return new Summary(entry, manifest, loss, problem);
    }

    /**
     * The manifest of one step.
     *
     * @throws CheckpointException if there is none, or it is damaged
     */
    public Manifest show(long step) {
        return folder.manifest(committed(step));
    }

    /** Reads every byte of one checkpoint and compares the checksums. */
    public Verification verify(long step) {
        Entry entry = committed(step);
        List<CheckpointException> problems = new ArrayList<>();
        try (SliceReader reader = new SliceReader(folder.storage(), entry, HostAccess.HOST)) {
            try {
                for (DataFile file : folder.manifest(entry).files()) {
                    reader.verify(file, problems);
                }
            } catch (CheckpointException e) {
                problems.add(e);
            }
            return new Verification(step, reader.bytesRead(), problems);
        }
    }

    private Entry committed(long step) {
        return folder.scan().stream()
                .filter(entry -> entry.standing() == Standing.COMMITTED && entry.step() == step)
                .findFirst()
                .orElseThrow(() -> new CheckpointException(
                        CheckpointError.NOT_FOUND,
                        "there is no checkpoint of step %d in %s".formatted(step, folder.root()),
                        "see which there are: dunlin ckpt ls RUN"));
    }
}
