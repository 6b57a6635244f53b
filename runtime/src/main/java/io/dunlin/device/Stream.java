package io.dunlin.device;

/** An ordered queue of work on a device; work on different streams may overlap. One thread submits to a stream. */
public interface Stream {
    /** The kernels; each call puts work on this stream. */
    Kernels kernels();

    /** Marks the work submitted so far. */
    Event record();

    /** Lets later work on this stream begin only after {@code event}. */
    void await(Event event);

    /** Waits on the host until all submitted work is done. */
    void synchronize();
}
