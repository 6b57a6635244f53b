package io.dunlin.launcher.job;

/** How many ranks an axis of the layout has. */
public sealed interface Degree {
    /** As many as the other axes leave. */
    record Rest() implements Degree {}

    /** A fixed number. */
    record Of(int ranks) implements Degree {}

    /** The number, where {@code available} ranks are left for this axis. */
    default int in(int available) {
        return switch (this) {
            case Rest _ -> available;
            case Of(int ranks) -> ranks;
        };
    }
}
