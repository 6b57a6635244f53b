/**
 * What devices need of the system: shared libraries out of jars ({@link io.dunlin.device.natives.NativeFolder}) and
 * zeroed pages ({@link io.dunlin.device.natives.Pages}).
 *
 * <p>Invariant: whoever loads a file from the folder
 * loads the bytes of the jar, however many processes start at once and whatever lay there before.
 */
@NullMarked
package io.dunlin.device.natives;

import org.jspecify.annotations.NullMarked;
