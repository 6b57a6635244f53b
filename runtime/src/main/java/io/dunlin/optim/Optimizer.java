package io.dunlin.optim;

import io.dunlin.nn.Trained;
import io.dunlin.tensor.NamedTensor;
import java.util.List;

/** Turns gradients into new weights. */
public interface Optimizer {
    /**
     * Updates what this rank owns of the parameters, in place.
     *
     * @param owned their gradients are averages over the global batch
     * @param learningRate of this step
     * @param gradientScale multiplies every gradient first: below 1 where the global norm was clipped
     */
    void update(List<? extends Trained> owned, float learningRate, float gradientScale);

    /** How many updates have been done; part of the state of a run. */
    long updates();

    /** Sets the count of updates when a run is restored. */
    void restoreUpdates(long updates);

    /** The tensors that must be saved with the weights to go on exactly. */
    Iterable<NamedTensor> state();
}
