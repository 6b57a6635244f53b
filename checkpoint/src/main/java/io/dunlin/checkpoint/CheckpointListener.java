package io.dunlin.checkpoint;

/** Hears about saves, on the thread that trains. */
@FunctionalInterface
public interface CheckpointListener {
    /** Takes note. */
    void on(CheckpointEvent event);
}
