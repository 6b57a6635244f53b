package io.dunlin.model;

import java.util.Locale;

/** What is computed again in backward instead of being kept; it changes memory and time, and no bit of the result. */
public enum Recompute {
    /** Everything that backward needs is kept. */
    NONE,
    /** Only the input of each block is kept; backward runs the block's forward again. */
    LAYER;

    /** As job files and options of commands say it: {@code layer}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
