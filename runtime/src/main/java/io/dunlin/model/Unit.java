package io.dunlin.model;

import io.dunlin.nn.Parameter;
import java.util.List;

/**
 * Layers whose weights are needed, and whose gradients are complete, at the same time: the embedding, a block, the head.
 *
 * @param number in forward order
 * @param offset first element in the flat buffers of the model
 * @param length elements in the flat buffers, padding between parameters included
 * @param parameters in flat order; a tied weight is the embedding's
 */
public record Unit(int number, long offset, long length, List<Parameter> parameters) {
    /** Copies the list. */
    public Unit {
        parameters = List.copyOf(parameters);
    }
}
