package io.dunlin.launcher.bench;

/** Tells the stand-in for CUDA, on which the tests run, from a GPU: by the name that its driver gives. */
public final class StandIn {
    private static final String NAME = "CUDA stand-in";

    /** What is to be said wherever figures of the stand-in are shown. */
    public static final String REMARK = "figures of the stand-in for CUDA: they mean nothing about a GPU";

    private StandIn() {}

    /** Whether a device of this description computes on the CPU and only looks like a GPU. */
    public static boolean is(String description) {
        return description.contains(NAME);
    }
}
