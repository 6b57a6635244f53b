package io.dunlin.launcher.bench;

import java.time.Duration;

/** How long things may take that are not measured; generous, because measuring makes a machine busy. */
final class Limits {
    /** Until all members have met, their processes have been started. */
    static final Duration JOIN = Duration.ofSeconds(60);

    /** One operation of the largest size. */
    static final Duration OPERATION = Duration.ofSeconds(60);

    /** What an order takes besides its operations. */
    static final Duration ORDER = Duration.ofSeconds(90);

    /** How many times slower than at first sight a measurement may become. */
    static final int SLOWER = 10;

    /** Until processes that were told to leave have left. */
    static final Duration LEAVE = Duration.ofSeconds(10);

    /** Until the kernel has ended a process that was killed; one that waits for a device may stay. */
    static final Duration KILLED = Duration.ofSeconds(5);

    /** After the first rank has failed, until others have said why they cannot go on. */
    static final Duration LAST_WORDS = Duration.ofSeconds(2);

    private Limits() {}
}
