package io.dunlin.collectives;

/** An operation under way. */
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
