package io.dunlin.checkpoint;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicReference;

/** A clock that goes on by a microsecond each time it is read, and further when told. */
final class InstantClock implements InstantSource {
    private final AtomicReference<Instant> now = new AtomicReference<>(Instant.parse("2026-01-02T03:04:05Z"));

    @Override
    public Instant instant() {
        return now.updateAndGet(t -> t.plusNanos(1_000));
    }

    void pass(Duration time) {
        now.updateAndGet(t -> t.plus(time));
    }
}
