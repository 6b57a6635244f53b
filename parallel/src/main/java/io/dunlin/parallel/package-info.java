/**
 * What several ranks add to training: who holds which part of the state, and what is exchanged for it.
 *
 * <p>Start at {@link io.dunlin.parallel.shard.DataParallelExchange}; {@link io.dunlin.parallel.RunAgreement} makes sure
 * before the first step that all ranks train the same thing. Invariant: every rank calls the same collectives in the
 * same order, and decides from agreed values only.
 */
@NullMarked
package io.dunlin.parallel;

import org.jspecify.annotations.NullMarked;
