/**
 * What a run tells people and files.
 *
 * <p>Start at {@link io.dunlin.launcher.report.Report}, what a rank says, and {@link
 * io.dunlin.launcher.report.RunEvent}, what its agent makes of it. Every line a person sees comes from one of these
 * records, so that the console and {@code metrics.jsonl} cannot differ.
 */
@NullMarked
package io.dunlin.launcher.report;

import org.jspecify.annotations.NullMarked;
