package io.dunlin.launcher.agent;

import java.time.Instant;
import java.util.Optional;

/** The agent's time and its queue in one, so that a test can play both. */
interface Timeline {
    /** Monotonic. */
    long nowNs();

    /** Wall clock. */
    Instant now();

    /** The next event, or nothing if none has come by {@code deadlineNs} of {@link #nowNs()}. */
    Optional<AgentEvent> next(long deadlineNs);
}
