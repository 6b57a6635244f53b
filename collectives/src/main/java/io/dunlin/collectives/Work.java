package io.dunlin.collectives;

import java.time.Duration;

/**
 * An operation under way.
 *
 * <p>An {@code await} that returns is the last use of the object, by one thread; it gives it back to the communicator, which
 * uses it for a later operation, so that the step path allocates nothing.
 */
public interface Work {
    /** Whether it is over, well or badly; never waits. */
    boolean done();

    /**
     * Waits for the end.
     *
     * @return nanoseconds waited
     * @throws CollectiveException if the operation failed, was aborted, or is not over after the communicator's timeout
     */
    long await();

    /**
     * Waits for the end, but not longer than {@code timeout}.
     *
     * @return nanoseconds waited
     * @throws CollectiveException as {@link #await()}; {@code DUN-702} if it is not over in time: it goes on, and may be
     *     awaited again or aborted
     */
    long await(Duration timeout);

    /**
     * Gives it up, and with it everything that is pending on its communicator, here and on the other members: what some of
     * them have done already cannot be undone.
     */
    void abort(CollectiveException cause);
}
