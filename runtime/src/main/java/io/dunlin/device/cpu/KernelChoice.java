package io.dunlin.device.cpu;

/** Which implementation of the kernels a device runs. */
public enum KernelChoice {
    /** oneDNN and the Vector API: for training. */
    FAST,
    /** Scalar loops, the specification: for tests and for tracking down a wrong number. */
    PLAIN
}
