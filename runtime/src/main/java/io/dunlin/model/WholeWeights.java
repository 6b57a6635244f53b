package io.dunlin.model;

import io.dunlin.device.Kernels;
import io.dunlin.nn.Parameter;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import java.util.List;

/** All weights in one flat buffer, for good; in BF16 a second one has the F32 masters. */
public final class WholeWeights implements WeightStore {
    private final List<Parameter> parameters;
    private final Kernels kernels;

    private WholeWeights(Needs needs) {
        parameters = needs.units().stream()
                .flatMap(unit -> unit.parameters().stream())
                .toList();
        kernels = needs.stream().kernels();
        Tensor values = flat(needs, "weights", DType.F32);
        Tensor computes = needs.precision() == Precision.F32
                ? values
                : flat(needs, "weights to compute with", needs.precision().activations());
        for (Parameter parameter : parameters) {
            Tensor value = at(parameter, values);
            parameter.place(value, computes == values ? value : at(parameter, computes));
        }
    }

    /** Allocates them. */
    public static WholeWeights open(Needs needs) {
        return new WholeWeights(needs);
    }

    private static Tensor flat(Needs needs, String purpose, DType dtype) {
        Unit last = needs.units().getLast();
        long elements = last.offset() + last.length();
        return Tensor.of(dtype, Shape.of(elements), needs.device().allocate(purpose, elements * dtype.bytes()));
    }

    private static Tensor at(Parameter parameter, Tensor flat) {
        long elementBytes = flat.dtype().bytes();
        return Tensor.of(
                flat.dtype(), parameter.shape(), flat.segment().asSlice(parameter.flatOffset() * elementBytes));
    }

    @Override
    public List<Parameter> owned() {
        return parameters;
    }

    @Override
    public void enter(int unit, int next) {}

    @Override
    public void leave(int unit) {}

    @Override
    public long waitedNs() {
        return 0;
    }

    @Override
    public void updated() {}

    @Override
    public void loaded() {
        for (Parameter parameter : parameters) {
            if (parameter.copy().present()) {
                kernels.copy(parameter.value(), parameter.copy());
            }
        }
        updated();
    }
}
