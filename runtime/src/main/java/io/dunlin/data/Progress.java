package io.dunlin.data;

/** Told how far a long piece of work is. */
public interface Progress {
    /** Nobody listens. */
    Progress NONE = (what, doneBytes, totalBytes) -> {};

    /**
     * Called for the first time when two seconds have passed, then about once a second, on the working thread.
     *
     * @param what for people: what is going on
     * @param doneBytes so far
     * @param totalBytes of all of it
     */
    void at(String what, long doneBytes, long totalBytes);
}
