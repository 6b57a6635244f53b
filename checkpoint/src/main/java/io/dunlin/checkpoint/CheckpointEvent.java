package io.dunlin.checkpoint;

import io.dunlin.checkpoint.format.CheckpointException;
import java.nio.file.Path;

/** Something that a person or a log should know about the saving of a run. */
public sealed interface CheckpointEvent {
    /**
     * A checkpoint is complete and durable.
     *
     * @param step of the run
     * @param folder where it is
     * @param bytes of all ranks together
     * @param durationNs how long training waited for it
     */
    record Saved(long step, Path folder, long bytes, long durationNs) implements CheckpointEvent {}

    /** A save begins. */
    record Saving(long step) implements CheckpointEvent {}

    /** A save was asked for and not needed. */
    record Skipped(long step, String reason) implements CheckpointEvent {}

    /** A save failed; what was saved before is untouched, and the run goes on. */
    record Failed(long step, CheckpointException cause) implements CheckpointEvent {}

    /** A folder was deleted, or got another name. */
    record Tidied(Path folder, String reason) implements CheckpointEvent {}

    /** A folder that should be gone is still there. */
    record NotTidied(Path folder, String reason) implements CheckpointEvent {}
}
