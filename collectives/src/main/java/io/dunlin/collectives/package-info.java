/**
 * Moves bytes between ranks: collectives over any group, that complete, or fail on every member with a cause.
 *
 * <p>Start at {@link io.dunlin.collectives.Communicator}. A caller gets a {@link io.dunlin.collectives.Work} for each
 * operation; one communication thread per rank does the moving. Losing a peer completes every pending work of its groups
 * with an exception that names it.
 */
@NullMarked
package io.dunlin.collectives;

import org.jspecify.annotations.NullMarked;
