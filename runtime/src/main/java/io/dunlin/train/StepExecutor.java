package io.dunlin.train;

import io.dunlin.data.Batch;
import io.dunlin.nn.Trained;
import java.util.List;

/** Runs forward and backward of one optimizer step and leaves averaged gradients in what this rank owns. */
public interface StepExecutor {
    /** Forward and backward over this rank's share of the global batch. */
    StepOutcome run(Batch batch, TrainState state);

    /** What this rank updates: parameters, or slices of them. */
    List<? extends Trained> owned();

    /**
     * After the update: makes the new weights visible to the next forward, here and on other ranks.
     *
     * @return nanoseconds waited for other ranks
     */
    long weightsUpdated();
}
