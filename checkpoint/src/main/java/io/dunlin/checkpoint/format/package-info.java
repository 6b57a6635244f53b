/**
 * Files as they lie on a disk: safetensors, checksums, and the storage beneath them.
 *
 * <p>Start at {@link io.dunlin.checkpoint.format.SafetensorsFile}. Nothing here knows what a checkpoint is. A file that
 * is not exactly what its header says is refused, with the file and the place named.
 */
@NullMarked
package io.dunlin.checkpoint.format;

import org.jspecify.annotations.NullMarked;
