package io.dunlin.collectives.flight;

import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.wire.OperationKind;
import io.dunlin.tensor.DType;

/**
 * One operation as one rank saw it. Times are the rank's own, in nanoseconds; 0 for what has not happened.
 *
 * @param number in its group
 * @param call what was called
 * @param state how far it is
 * @param iteration it belongs to
 * @param times when what happened
 * @param traffic what moved
 */
public record OperationRecord(long number, Called call, State state, long iteration, Times times, Traffic traffic) {

    /** How far an operation is. */
    public enum State {
        /** Entered, and not over. */
        UNDER_WAY,
        /** Over. */
        DONE,
        /** Over without success. */
        FAILED
    }

    /**
     * What was called.
     *
     * @param kind what is done
     * @param dtype element type
     * @param op combination
     * @param algorithm number of the way it is done
     * @param lengthBytes of the vector, or of all parts
     * @param detail root, or a hash of what else must agree
     */
    public record Called(OperationKind kind, DType dtype, ReduceOp op, int algorithm, long lengthBytes, long detail) {
        /** For people: {@code all-reduce of 4,096 bytes F32 SUM}. */
        public String words() {
            return switch (kind) {
                case NOT_ENTERED, BARRIER -> kind.label();
                case ALL_REDUCE, REDUCE_SCATTER, REDUCE ->
                    "%s of %,d bytes %s %s".formatted(kind.label(), lengthBytes, dtype, op);
                default -> "%s of %,d bytes".formatted(kind.label(), lengthBytes);
            };
        }
    }

    /**
     * When.
     *
     * @param readyNs called
     * @param enterNs taken up by the communication thread
     * @param firstReceivedNs first frame
     * @param lastReceivedNs last frame so far
     * @param lastSentNs last frame so far
     * @param doneNs over
     */
    public record Times(
            long readyNs, long enterNs, long firstReceivedNs, long lastReceivedNs, long lastSentNs, long doneNs) {}

    /**
     * What moved, and what did not.
     *
     * @param sentBytes to all members
     * @param receivedBytes from all members
     * @param sendStallNs while a stream had no room and nothing went
     * @param receiveStallNs while bytes were missing and none came
     * @param exposedNs the caller was held up
     * @param previous member that the last frame came from, -1 if none came
     * @param next member that the last frame went to, -1 if none went
     * @param losses frames missed meanwhile and sent again, on all links
     */
    public record Traffic(
            long sentBytes,
            long receivedBytes,
            long sendStallNs,
            long receiveStallNs,
            long exposedNs,
            int previous,
            int next,
            long losses) {}

    /** Whether it is not over. */
    public boolean underWay() {
        return state == State.UNDER_WAY;
    }

    /** From the call to the end; only if it is over. */
    public long tookNs() {
        return times.doneNs() - times.readyNs();
    }
}
