/**
 * What a host lends to a run: cores or a GPU for each rank, a folder in shared memory, signals.
 *
 * <p>Start at {@link io.dunlin.launcher.place.Placement}. Nothing of a run stays behind on a host: whoever leaves last
 * clears the shared folder.
 */
@NullMarked
package io.dunlin.launcher.place;

import org.jspecify.annotations.NullMarked;
