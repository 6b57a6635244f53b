/**
 * Says whether this machine can train, and what to do where it cannot.
 *
 * <p>Start at {@link io.dunlin.launcher.doctor.Examination}: one {@link io.dunlin.launcher.doctor.Check} for each thing
 * that runs have failed on. What ranks need is asked of a process that is started like a rank. Invariant: a check
 * changes nothing and leaves nothing behind; one that breaks is itself a finding.
 */
@NullMarked
package io.dunlin.launcher.doctor;

import org.jspecify.annotations.NullMarked;
