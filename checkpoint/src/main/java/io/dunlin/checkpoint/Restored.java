package io.dunlin.checkpoint;

import java.nio.file.Path;

/**
 * A checkpoint that has been loaded, every byte of it verified.
 *
 * @param state where the run goes on
 * @param folder it came from
 * @param bytes read by this rank
 * @param durationNs of reading and verifying
 */
public record Restored(RunState state, Path folder, long bytes, long durationNs) {}
