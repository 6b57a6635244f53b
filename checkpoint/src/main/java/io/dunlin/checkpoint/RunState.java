package io.dunlin.checkpoint;

import io.dunlin.data.DataPosition;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * Where a run is, apart from its tensors; the same on every rank.
 *
 * @param step optimizer steps done
 * @param tokens trained on by all ranks together
 * @param position where the next step begins in the data
 * @param optimizerUpdates updates done: steps without those that were skipped
 * @param facts what else is worth keeping, by name: model configuration, seed, validation loss
 */
public record RunState(
        long step, long tokens, DataPosition position, long optimizerUpdates, Map<String, String> facts) {
    /** Name of the fact that holds the validation loss of {@link #VALIDATION_STEP}, in nats. */
    public static final String VALIDATION_LOSS = "validation.loss";

    /** Name of the fact that holds the step of the newest evaluation before the save. */
    public static final String VALIDATION_STEP = "validation.step";

    /** Copies the facts, sorted by name. */
    public RunState {
        facts = Collections.unmodifiableSortedMap(new TreeMap<>(facts));
    }
}
