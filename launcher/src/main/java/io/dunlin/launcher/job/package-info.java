/**
 * The job file: what a run is asked to do, where each value came from, and what is wrong with it.
 *
 * <p>Start at {@link io.dunlin.launcher.job.JobFile}, which turns a TOML file and the {@code --set} of the command line
 * into a {@link io.dunlin.launcher.job.ResolvedJob}. The {@link io.dunlin.launcher.job.Job} records are the schema: the
 * sentence and the default beside each component are the ones that help, documentation and errors show. Invariant: a
 * {@code Job} that {@code JobFile} returns is complete and has passed every rule, so nobody below checks it again.
 */
@NullMarked
package io.dunlin.launcher.job;

import org.jspecify.annotations.NullMarked;
