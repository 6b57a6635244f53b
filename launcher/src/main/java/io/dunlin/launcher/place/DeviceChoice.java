package io.dunlin.launcher.place;

/** Where ranks shall compute. */
public enum DeviceChoice {
    /** On the CPU. */
    CPU,
    /** On a GPU each; an error where there is none. */
    CUDA,
    /** On a GPU each if there is one, else on the CPU. */
    AUTO
}
