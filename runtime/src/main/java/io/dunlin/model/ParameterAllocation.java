package io.dunlin.model;

import io.dunlin.device.Device;
import io.dunlin.nn.Initial;
import io.dunlin.nn.Parameter;
import io.dunlin.nn.ParameterSource;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/** Gives each parameter its memory and its place in the flat buffers: one after another, on cache lines. */
final class ParameterAllocation implements ParameterSource {
    private static final int ALIGNMENT_ELEMENTS = 16;

    private final Device device;
    private final Precision precision;
    private final SequencedMap<Parameter, Initial> initials = new LinkedHashMap<>();
    private long flatElements;

    ParameterAllocation(Device device, Precision precision) {
        this.device = device;
        this.precision = precision;
    }

    @Override
    public Parameter next(String name, Initial initial, long... extents) {
        Shape shape = Shape.of(extents);
        Tensor value = allocate("weights", DType.F32, shape);
        Tensor compute = precision == Precision.F32
                ? value
                : allocate("weights to compute with", precision.activations(), shape);
        Parameter parameter = new Parameter(name, value, compute, flatElements);
        initials.put(parameter, initial);
        flatElements += Math.ceilDiv(shape.elements(), ALIGNMENT_ELEMENTS) * ALIGNMENT_ELEMENTS;
        return parameter;
    }

    private Tensor allocate(String purpose, DType dtype, Shape shape) {
        return Tensor.of(dtype, shape, device.allocate(purpose, shape.elements() * dtype.bytes()));
    }

    /** All parameters so far, in flat order. */
    List<Parameter> parameters() {
        return new ArrayList<>(initials.keySet());
    }

    /** What each holds before training. */
    SequencedMap<Parameter, Initial> initials() {
        return initials;
    }

    /** Length of the flat buffers. */
    long flatElements() {
        return flatElements;
    }
}
