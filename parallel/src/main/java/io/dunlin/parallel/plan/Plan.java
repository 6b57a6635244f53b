package io.dunlin.parallel.plan;

import io.dunlin.parallel.mesh.ShardDegrees;
import java.util.Optional;

/**
 * What one layout takes.
 *
 * @param degrees how far each class of tensors is spread
 * @param spans how many ranks have one copy of each
 * @param turns micro-batches of a step on the rank with the most
 * @param memory of the rank with the most
 * @param traffic of a step
 * @param time of a step, if the hardware is known
 */
public record Plan(
        ShardDegrees degrees, Spans spans, int turns, RankMemory memory, Traffic traffic, Optional<StepTime> time) {
    /**
     * How many ranks have one copy.
     *
     * @param weights of the weights
     * @param gradients of the gradients
     * @param optimizer of the optimizer's state
     * @param secondary of the second copy of the weights; 0 if there is none
     */
    public record Spans(int weights, int gradients, int optimizer, int secondary) {}
}
