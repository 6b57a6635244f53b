package io.dunlin.launcher.place;

import java.util.Locale;

/** Where ranks shall compute. */
public enum DeviceChoice {
    /** On the CPU. */
    CPU,
    /** On a GPU each; an error where there is none. */
    CUDA,
    /** On a GPU each if there is one, else on the CPU. */
    AUTO;

    /** As job files and options of commands say it: {@code cuda}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
