package io.dunlin.collectives;

/** Whose bytes move first where several communicators of a rank have some to move; the most urgent first. */
public enum Priority {
    /** Decisions that everybody waits for: votes, barriers, norms. */
    CONTROL,
    /** What the next layer waits for: activations, weights to be gathered. */
    ACTIVATIONS,
    /** What the end of the step waits for. */
    GRADIENTS,
    /** What nobody waits for: parity, snapshots. */
    BACKGROUND
}
