package io.dunlin.checkpoint;

import io.dunlin.checkpoint.format.CheckpointException;
import java.nio.file.Path;

/**
 * A checkpoint that was not used.
 *
 * @param step of the run
 * @param folder where it is
 * @param reason why: code, file and place
 */
public record Rejected(long step, Path folder, CheckpointException reason) {}
