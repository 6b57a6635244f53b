package io.dunlin.launcher.agent;

import io.dunlin.checkpoint.CheckpointFolder;
import io.dunlin.checkpoint.CheckpointInspection;
import io.dunlin.checkpoint.format.LocalStorage;
import java.nio.file.Path;

/** The checkpoints in a run's folder, as far as names, lengths and manifests tell. */
public final class CheckpointsOnDisk implements CheckpointShelf {
    private final CheckpointFolder folder;

    /** Looks into the folder of a run's checkpoints. */
    public CheckpointsOnDisk(Path root) {
        this.folder = new CheckpointFolder(root, new LocalStorage());
    }

    @Override
    public long newestCompleteStep() {
        return new CheckpointInspection(folder)
                .list().stream()
                        .filter(summary -> summary.entry().standing() == CheckpointFolder.Standing.COMMITTED
                                && summary.problem().isEmpty())
                        .mapToLong(summary -> summary.entry().step())
                        .max()
                        .orElse(0);
    }
}
