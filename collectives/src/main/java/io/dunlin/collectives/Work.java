package io.dunlin.collectives;

/**
 * An operation under way.
 *
 * <p>{@link #await} is called once, by one thread; it gives the object back to the communicator, which uses it for a later
 * operation, so that the step path allocates nothing.
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
}
