package io.dunlin.device;

/** A point in a stream. */
public interface Event {
    /** Whether the work before it is done. */
    boolean done();

    /** Waits on the host until the work before it is done. */
    void synchronize();
}
