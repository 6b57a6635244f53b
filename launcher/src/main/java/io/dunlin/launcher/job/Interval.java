package io.dunlin.launcher.job;

import java.time.Duration;

/** How often something happens: every so many steps, every so long, or never. */
public sealed interface Interval {
    /** Not at all; {@code 0} in the file. */
    record Never() implements Interval {}

    /** After each {@code steps} steps. */
    record Steps(long steps) implements Interval {}

    /** After the first step that ends {@code time} or more after the last occasion. */
    record Every(Duration time) implements Interval {}
}
