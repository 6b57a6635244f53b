package io.dunlin.train;

/**
 * Notified around each step, in order of registration: checkpoints, evaluation, samples and reports are listeners. All
 * ranks have the same listeners in the same order, so a listener may communicate.
 */
public interface StepListener {
    /** Gradients are ready and the weights are about to change. */
    default void beforeUpdate(TrainState state) {}

    /** The step is complete. */
    void afterStep(TrainState state, StepResult result);
}
