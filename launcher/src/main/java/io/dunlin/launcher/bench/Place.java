package io.dunlin.launcher.bench;

/** Where a result goes. */
public enum Place {
    /** Into other memory. */
    OUT,
    /** Into the memory of the contribution. */
    IN
}
