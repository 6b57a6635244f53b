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
    private Tensor values = Tensor.NONE; // F32 [flat elements]
    private Tensor computes = Tensor.NONE; // [flat elements]

    ParameterAllocation(Device device, Precision precision) {
        this.device = device;
        this.precision = precision;
    }

    @Override
    public Parameter next(String name, Initial initial, long... extents) {
        Shape shape = Shape.of(extents);
        Parameter parameter = new Parameter(name, shape, flatElements);
        initials.put(parameter, initial);
        flatElements += Math.ceilDiv(shape.elements(), ALIGNMENT_ELEMENTS) * ALIGNMENT_ELEMENTS;
        return parameter;
    }

    /** Gives all parameters their memory, when the last is known. */
    void place() {
        values = flat("weights", DType.F32);
        computes = precision == Precision.F32 ? values : flat("weights to compute with", precision.activations());
        for (Parameter parameter : initials.keySet()) {
            Tensor value = at(parameter, values);
            parameter.place(value, computes == values ? value : at(parameter, computes));
        }
    }

    private Tensor flat(String purpose, DType dtype) {
        return Tensor.of(dtype, Shape.of(flatElements), device.allocate(purpose, flatElements * dtype.bytes()));
    }

    private static Tensor at(Parameter parameter, Tensor flat) {
        long elementBytes = flat.dtype().bytes();
        return Tensor.of(
                flat.dtype(), parameter.shape(), flat.segment().asSlice(parameter.flatOffset() * elementBytes));
    }

    /** What kernels read, of all parameters: a flat buffer. */
    Tensor computes() {
        return computes;
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
