/**
 * Carries frames between the members of a group: reliable, in order on each stream, without ever waiting.
 *
 * <p>Start at {@link io.dunlin.collectives.transport.Transport}. {@link io.dunlin.collectives.transport.LoopbackFabric}
 * joins all ranks of one JVM and can delay, lose, freeze and kill; {@link
 * io.dunlin.collectives.transport.AeronTransport} joins processes, and one {@link
 * io.dunlin.collectives.transport.MediaDriverHost} serves a host. All pass the same tests. A transport belongs to one
 * generation of one group and to one thread; nothing of an earlier generation comes out of it.
 */
@NullMarked
package io.dunlin.collectives.transport;

import org.jspecify.annotations.NullMarked;
