package io.dunlin.launcher.agent;

/** Where the live generation of a run is agreed upon between node agents. */
interface GenerationRegistry {
    /** Ends the live generation and opens the next one, which is not live yet; returns its number. */
    long open(int ranks);

    /** Notes that a rank of {@code generation} is ready with the members it was told. */
    void acknowledge(long generation, int rank, String memberHash);

    /** Whether {@code generation} is the newest, and all its ranks have acknowledged the same members. */
    boolean live(long generation);
}
