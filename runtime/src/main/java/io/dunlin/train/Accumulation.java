package io.dunlin.train;

import io.dunlin.model.Model;

/** How the gradients of a step's micro-batches are added up. */
public enum Accumulation {
    /** Each adds to one running sum, in place: one buffer, no extra pass. The rounding depends on the number of ranks. */
    RUNNING,
    /** In the order of the {@link SummationTree}: the same bits on any number of ranks, for a few more buffers. */
    TREE;

    /** Buffers for a rank that sums all gradients of its own micro-batches. */
    public GradientAccumulator of(Model model) {
        return switch (this) {
            case RUNNING -> new RunningAccumulator(model);
            case TREE -> new TreeAccumulator(model);
        };
    }

    /** How the squares of those sums are added up. */
    public GradientNorm norm(Model model) {
        return switch (this) {
            case RUNNING -> new GradientNorm.Fast(model.stream().kernels());
            case TREE -> new GradientNorm.Exact(model.host());
        };
    }
}
