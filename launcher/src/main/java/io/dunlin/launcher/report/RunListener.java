package io.dunlin.launcher.report;

import java.time.Instant;

/** Shows or records a run; called by the agent's one thread, in the order in which things happen. */
@FunctionalInterface
public interface RunListener {
    /** Something has happened. Must not wait and must not fail. */
    void on(Instant at, RunEvent event);
}
