package io.dunlin.model;

import io.dunlin.nn.Initial;
import io.dunlin.nn.Parameter;
import io.dunlin.nn.ParameterSource;
import io.dunlin.tensor.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/** Gives each parameter its place in the flat buffers: one after another, on cache lines. */
final class ParameterAllocation implements ParameterSource {
    private static final int ALIGNMENT_ELEMENTS = 16;

    private final SequencedMap<Parameter, Initial> initials = new LinkedHashMap<>();
    private long flatElements;

    @Override
    public Parameter next(String name, Initial initial, long... extents) {
        Shape shape = Shape.of(extents);
        Parameter parameter = new Parameter(name, shape, flatElements);
        initials.put(parameter, initial);
        flatElements += Math.ceilDiv(shape.elements(), ALIGNMENT_ELEMENTS) * ALIGNMENT_ELEMENTS;
        return parameter;
    }

    /** All parameters so far, in flat order. */
    List<Parameter> parameters() {
        return new ArrayList<>(initials.keySet());
    }

    /** What the parameter of a name holds before training. */
    Initial initial(String name) {
        return initials.entrySet().stream()
                .filter(entry -> entry.getKey().name().equals(name))
                .findFirst()
                .orElseThrow()
                .getValue();
    }

    /** Length of the flat buffers. */
    long flatElements() {
        return flatElements;
    }
}
