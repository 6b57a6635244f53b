package io.dunlin.collectives.engine;

import io.dunlin.collectives.CollectiveException;
import java.time.Duration;
import java.util.Optional;

/** The sign of life of a communication thread, so that nobody waits for one that has stopped. */
final class Pulse {
    private final String role;
    private final long limitNs;
    private volatile long lastNs = System.nanoTime();

    /** A thread is held to be stopped after {@code limit} without a beat. */
    Pulse(String role, Duration limit) {
        this.role = role;
        this.limitNs = limit.toNanos();
    }

    void beat() {
        lastNs = System.nanoTime();
    }

    /** The failure that waiters are to see if the thread has stopped. */
    Optional<CollectiveException> stopped(long nowNs) {
        if (nowNs - lastNs < limitNs) {
            return Optional.empty();
        }
        return Optional.of(CollectiveException.timedOut(
                "thread %s has not moved for %.1f s".formatted(role, (nowNs - lastNs) / 1e9),
                "take a thread dump (jcmd PID Thread.print): this is a bug of ours unless the machine stood still"));
    }
}
