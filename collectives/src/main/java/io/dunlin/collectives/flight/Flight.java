package io.dunlin.collectives.flight;

import java.time.Instant;
import java.util.List;

/**
 * What one rank has written down until some moment.
 *
 * @param identity whose it is
 * @param clock how its times relate to others'
 * @param iteration that it is in, or {@link #NO_ITERATION} if it does not say
 * @param unrecorded groups that were not followed, because too many were open
 * @param groups all, in no order
 */
public record Flight(
        FlightRecorder.Identity identity, Clock clock, long iteration, long unrecorded, List<GroupFlight> groups) {
    /** A rank that does not say which iteration it is in: each operation counts as one. */
    public static final long NO_ITERATION = -1;

    /**
     * How the times of a rank relate to those of others.
     *
     * @param anchorNs a moment on its clock
     * @param anchorEpochNs the same since 1970, by the time of day
     * @param offsetNs to be added for the clock of rank 0
     * @param errorNs of the offset, at most; -1 if the clocks have not been compared
     */
    public record Clock(long anchorNs, long anchorEpochNs, long offsetNs, long errorNs) {
        /** Whether the offset is known. */
        public boolean compared() {
            return errorNs >= 0;
        }

        /** A moment on the clock of rank 0. */
        public long onReference(long ns) {
            return ns + offsetNs;
        }

        /** The time of day of the anchor. */
        public Instant anchor() {
            return Instant.ofEpochSecond(0, anchorEpochNs);
        }
    }

    /** Copies the list. */
    public Flight {
        groups = List.copyOf(groups);
    }

    /** The global rank. */
    public int rank() {
        return identity.rank();
    }
}
