package io.dunlin.launcher.agent;

/** What the agent must know of a run's checkpoints. */
@FunctionalInterface
interface CheckpointShelf {
    /** Step of the newest complete checkpoint; 0 if there is none. */
    long newestCompleteStep();
}
