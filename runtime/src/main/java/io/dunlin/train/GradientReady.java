package io.dunlin.train;

/** Told which part of a flat sum over micro-batches is final, from its end to its beginning. */
@FunctionalInterface
public interface GradientReady {
    /** Nobody waits for parts. */
    GradientReady NOBODY = (offset, length) -> {};

    /**
     * The work submitted so far makes elements {@code offset} to {@code offset + length} final. The next part ends where
     * this one begins, but for padding; the last begins at 0.
     */
    void ready(long offset, long length);
}
