/**
 * Writes down what a rank's communicators do, where it can be read after the rank's death, and says who is to blame.
 *
 * <p>Start at {@link io.dunlin.collectives.flight.FlightRecorder}, which a rank writes, and {@link
 * io.dunlin.collectives.flight.FlightReader}, which anybody reads, at any time. {@link
 * io.dunlin.collectives.flight.Sentinel} compares the ranks of a run and names the culprit; the node agent feeds it from
 * the files. Every field of a file has one writer. A reader never believes a record that was being written when it looked,
 * or when the writer died.
 */
@NullMarked
package io.dunlin.collectives.flight;

import org.jspecify.annotations.NullMarked;
