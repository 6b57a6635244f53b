package io.dunlin.model;

/** What a pass is planned for; it decides which memory the pass needs. */
public enum PassKind {
    /** Losses and gradients. */
    TRAIN,
    /** Losses alone: one layer's activations, and logits for a few rows at a time. */
    EVALUATE,
    /** Losses, and the logits of every position at once. */
    GENERATE
}
