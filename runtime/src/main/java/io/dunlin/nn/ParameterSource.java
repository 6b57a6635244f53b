package io.dunlin.nn;

/** Makes the parameters of a model; they are asked for in the order in which forward uses them. */
@FunctionalInterface
public interface ParameterSource {
    /**
     * The next parameter.
     *
     * @param name unique in the model
     * @param initial what it holds before training
     * @param extents its shape, outermost first; the weight of a matrix product is [out, in]
     */
    Parameter next(String name, Initial initial, long... extents);
}
