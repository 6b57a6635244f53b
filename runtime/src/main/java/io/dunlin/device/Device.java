package io.dunlin.device;

import java.lang.foreign.MemorySegment;

/** Memory and streams of one accelerator, or of the CPU. */
public interface Device extends AutoCloseable {
    /** For people: what this is, how many threads, which instruction set. */
    String description();

    /**
     * Memory of the device that lives until the device is closed: zeroed, aligned to 64 bytes at least.
     *
     * <p>The segment stands for an address and a length, to be sliced and given to kernels and copies of this device. Its
     * contents may lie where the host cannot reach them (see {@link #hostReadable()}): then reading, writing or filling
     * the segment throws {@link WrongThreadException}, and code that uses the plain address brings the process down.
     * Portable code moves contents by {@link HostAccess}, or in the step path by {@link Stream#upload} and {@link
     * Stream#download}.
     *
     * @param purpose for the memory table, for example {@code weights}
     * @param lengthBytes 0 or more
     */
    MemorySegment allocate(String purpose, long lengthBytes);

    /**
     * Memory of the host that lives until the device is closed: zeroed, aligned to 64 bytes at least, and such that copies
     * from and to it run beside the program (pinned, where the device distinguishes).
     *
     * @param purpose for messages, for example {@code gradients on the wire}
     * @param lengthBytes 0 or more; may exceed 2 GiB
     */
    MemorySegment allocateHost(String purpose, long lengthBytes);

    /** Whether the host may read and write what {@link #allocate} gives, between kernels. */
    boolean hostReadable();

    /** Bytes allocated so far, by purpose, in order of first use. */
    java.util.SequencedMap<String, Long> allocatedBytes();

    /**
     * A new ordered queue of work.
     *
     * @param role names it in traces, for example {@code compute}
     */
    Stream stream(String role);

    @Override
    void close();
}
