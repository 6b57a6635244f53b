package io.dunlin.model;

/** Told by a backward pass which part of the flat gradient is complete, from the end of the buffer to its beginning. */
@FunctionalInterface
public interface GradientReady {
    /** Nobody waits for parts. */
    GradientReady NOBODY = (offset, length) -> {};

    /**
     * This micro-batch's gradient of elements {@code offset} to {@code offset + length} is complete. The next part ends
     * where this one begins; the last begins at 0.
     */
    void ready(long offset, long length);
}
