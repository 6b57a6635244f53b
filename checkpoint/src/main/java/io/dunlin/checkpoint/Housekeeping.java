package io.dunlin.checkpoint;

import io.dunlin.checkpoint.CheckpointFolder.Entry;
import io.dunlin.checkpoint.CheckpointFolder.Standing;
import io.dunlin.checkpoint.format.CheckpointException;
import io.dunlin.checkpoint.format.Storage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/** Removes and renames folders on rank 0, each first to a name that nobody takes for a checkpoint. */
final class Housekeeping {
    private final CheckpointFolder folder;
    private final Storage storage;

    Housekeeping(CheckpointFolder folder) {
        this.folder = folder;
        this.storage = folder.storage();
    }

    /** Removes what an earlier generation left half written or half deleted. */
    List<CheckpointEvent> clean() throws IOException {
        List<CheckpointEvent> events = new ArrayList<>();
        for (Entry entry : folder.entries()) {
            if (entry.standing() == Standing.UNFINISHED || entry.standing() == Standing.TRASH) {
                remove(entry.path());
                events.add(new CheckpointEvent.Tidied(entry.path(), "left over from an earlier start"));
            }
        }
        return events;
    }

    /** Renames the checkpoints after {@code step}, where the run goes on: they would be taken for its future. */
    List<CheckpointEvent> setAside(long step) throws IOException {
        List<CheckpointEvent> events = new ArrayList<>();
        for (Entry entry : folder.entries()) {
            if (entry.standing() == Standing.COMMITTED && entry.step() > step) {
                Path aside = free(entry.name() + ".aside");
                storage.rename(entry.path(), aside);
                events.add(new CheckpointEvent.Tidied(
                        entry.path(), "the run goes on from step %d: renamed %s".formatted(step, aside.getFileName())));
            }
        }
        if (!events.isEmpty()) {
            storage.forceFolder(folder.root());
        }
        return events;
    }

    /** After a commit: deletes what retention does not keep, and what was set aside before {@code step}. */
    List<CheckpointEvent> thin(long step, Retention retention) {
        List<CheckpointEvent> events = new ArrayList<>();
        try {
            for (Entry entry : folder.entries()) {
                if (entry.standing() == Standing.ASIDE && entry.step() <= step) {
                    events.add(delete(entry, "the run is past it"));
                }
            }
            for (long surplus : retention.surplus(complete())) {
                Entry entry = new Entry(folder.committed(surplus), surplus, Standing.COMMITTED);
                events.add(delete(entry, "not among those to keep"));
            }
        } catch (IOException e) {
            events.add(new CheckpointEvent.NotTidied(folder.root(), CheckpointException.words(e)));
        }
        return events;
    }

    private List<Retention.Complete> complete() throws IOException {
        List<Retention.Complete> complete = new ArrayList<>();
        for (Entry entry : folder.entries()) {
            if (entry.standing() == Standing.COMMITTED) {
                // A damaged one neither counts as kept nor is deleted: somebody may want to look at it.
                manifest(entry)
                        .ifPresent(m -> complete.add(new Retention.Complete(entry.step(), validationLoss(m.state()))));
            }
        }
        return complete;
    }

    private Optional<Manifest> manifest(Entry entry) {
        try {
            return Optional.of(folder.manifest(entry));
        } catch (CheckpointException _) {
            return Optional.empty();
        }
    }

    static OptionalDouble validationLoss(RunState state) {
        String loss = state.facts().get(RunState.VALIDATION_LOSS);
        return loss == null ? OptionalDouble.empty() : OptionalDouble.of(Double.parseDouble(loss));
    }

    private CheckpointEvent delete(Entry entry, String reason) {
        try {
            Path trash = folder.trash(entry.step());
            if (storage.exists(trash)) {
                remove(trash);
            }
            storage.rename(entry.path(), trash);
            storage.forceFolder(folder.root());
            remove(trash);
            return new CheckpointEvent.Tidied(entry.path(), reason);
        } catch (IOException e) {
            return new CheckpointEvent.NotTidied(entry.path(), CheckpointException.words(e));
        }
    }

    /** Deletes a folder of files, or nothing if there is none. */
    void remove(Path tree) throws IOException {
        if (!storage.exists(tree)) {
            return;
        }
        for (Path file : storage.list(tree)) {
            storage.delete(file);
        }
        storage.delete(tree);
    }

    private Path free(String name) {
        Path path = folder.root().resolve(name);
        for (int i = 2; storage.exists(path); i++) {
            path = folder.root().resolve(name + "-" + i);
        }
        return path;
    }
}
