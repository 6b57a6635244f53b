package io.dunlin.launcher.report;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands events to other listeners on a thread of its own, so that a terminal that is held or a disk that is slow never
 * holds up the agent.
 */
public final class BackgroundListener implements RunListener, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(BackgroundListener.class);
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final BlockingQueue<Item> queue = new LinkedBlockingQueue<>();
    private final List<RunListener> listeners;
    private final Thread thread;

    private sealed interface Item {
        record Happened(Instant at, RunEvent event) implements Item {}

        record Nothing() implements Item {}
    }

    /** Listeners are told in this order. */
    public BackgroundListener(List<RunListener> listeners) {
        this.listeners = List.copyOf(listeners);
        this.thread = Thread.ofPlatform().daemon().name("run-listeners").start(this::work);
    }

    @Override
    public void on(Instant at, RunEvent event) {
        queue.add(new Item.Happened(at, event));
    }

    private void work() {
        try {
            while (queue.take() instanceof Item.Happened(Instant at, RunEvent event)) {
                listeners.forEach(listener -> tell(listener, at, event));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** One that fails, against its contract, must not silence the others. */
    private static void tell(RunListener listener, Instant at, RunEvent event) {
        try {
            listener.on(at, event);
        } catch (RuntimeException e) {
            LOG.error("{} failed at {}", listener.getClass().getSimpleName(), event, e);
        }
    }

    /** Returns when everything has been told, or after ten seconds. */
    @Override
    public void close() {
        queue.add(new Item.Nothing());
        try {
            if (!thread.join(PATIENCE)) {
                LOG.warn("{} events could not be shown", queue.size());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
