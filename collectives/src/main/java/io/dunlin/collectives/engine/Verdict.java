package io.dunlin.collectives.engine;

import io.dunlin.collectives.CollectiveException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Why a communicator has to give up; the first reason counts. Any thread may give one. */
final class Verdict {
    private final AtomicReference<@Nullable CollectiveException> cause = new AtomicReference<>();

    void raise(CollectiveException cause) {
        this.cause.compareAndSet(null, cause);
    }

    boolean raised() {
        return cause.get() != null;
    }

    /** The reason; only if there is one. */
    CollectiveException cause() {
        CollectiveException raised = cause.get();
        if (raised == null) {
            throw new IllegalStateException("no failure was raised");
        }
        return raised;
    }
}
