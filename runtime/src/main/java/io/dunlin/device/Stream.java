package io.dunlin.device;

import java.lang.foreign.MemorySegment;

/** An ordered queue of work on a device; work on different streams may overlap. One thread submits to a stream. */
public interface Stream {
    /** The kernels; each call puts work on this stream. */
    Kernels kernels();

    /**
     * Copies memory of the host to the device, after the work submitted so far.
     *
     * <p>The host may change its memory only after an event says that the copy is done. The copy runs beside the program
     * only from memory of {@link Device#allocateHost}; other native memory may be copied within the call.
     *
     * @param host native memory, as long as {@code device}
     * @param device memory of this device
     */
    void upload(MemorySegment host, MemorySegment device);

    /**
     * Copies memory of the device to the host, after the work submitted so far.
     *
     * <p>The host may read the copy only after an event says that it is done.
     *
     * @param device memory of this device
     * @param host native memory, as long as {@code device}
     */
    void download(MemorySegment device, MemorySegment host);

    /**
     * Marks the work submitted so far.
     *
     * <p>A stream may use its events again: one whose work is done may be the answer once more, at the earliest to the
     * 256th call after it. Whoever keeps an event for longer may see it pending again, for later work of this stream.
     */
    Event record();

    /** Lets later work on this stream begin only after {@code event}. */
    void await(Event event);

    /** Waits on the host until all submitted work is done. */
    void synchronize();
}
