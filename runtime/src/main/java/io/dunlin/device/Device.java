package io.dunlin.device;

import java.lang.foreign.MemorySegment;

/** Memory and streams of one accelerator, or of the CPU. */
public interface Device extends AutoCloseable {
    /** For people: what this is, how many threads, which instruction set. */
    String description();

    /**
     * Memory that lives until the device is closed: zeroed, aligned to 64 bytes at least.
     *
     * @param purpose for the memory table, for example {@code weights}
     * @param lengthBytes 0 or more
     */
    MemorySegment allocate(String purpose, long lengthBytes);

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
