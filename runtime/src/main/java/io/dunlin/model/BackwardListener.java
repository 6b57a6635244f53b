package io.dunlin.model;

/**
 * Told by a backward pass which units it makes the gradients of, from the last to the first. A tied weight is part of the
 * first, which begins with the head and ends last.
 */
public interface BackwardListener {
    /** Nobody wants to know. */
    BackwardListener NOBODY = new BackwardListener() {
        @Override
        public void begins(Unit unit) {}

        @Override
        public void ends(Unit unit) {}
    };

    /** Contributions to the gradient of this unit follow. */
    void begins(Unit unit);

    /** The work submitted so far makes this micro-batch's gradient of the unit complete. */
    void ends(Unit unit);
}
