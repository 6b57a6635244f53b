package io.dunlin.launcher.agent;

import java.time.Clock;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Real time and a queue that any thread may add to. */
final class LiveTimeline implements Timeline {
    private final BlockingQueue<AgentEvent> queue = new LinkedBlockingQueue<>();
    private final Clock clock;

    LiveTimeline(Clock clock) {
        this.clock = clock;
    }

    /** Adds an event; from any thread. */
    void post(AgentEvent event) {
        queue.add(event);
    }

    @Override
    public long nowNs() {
        return System.nanoTime();
    }

    @Override
    public Instant now() {
        return clock.instant();
    }

    @Override
    public Optional<AgentEvent> next(long deadlineNs) {
        try {
            return Optional.ofNullable(queue.poll(Math.max(0, deadlineNs - nowNs()), TimeUnit.NANOSECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.of(new AgentEvent.Asked(AgentEvent.Ask.INTERRUPT, "the agent's thread was interrupted"));
        }
    }
}
