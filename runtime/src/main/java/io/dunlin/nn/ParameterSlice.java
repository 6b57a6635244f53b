package io.dunlin.nn;

import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import io.dunlin.tensor.TensorSlice;

/** Some elements of a parameter, in its memory. */
public final class ParameterSlice implements Trained {
    private final Parameter parameter;
    private final TensorSlice slice;
    private final Tensor value;
    private final Tensor copy;
    private Tensor whole = Tensor.NONE; // the gradient that `gradient` is cut from
    private Tensor gradient = Tensor.NONE;

    /** Elements {@code offset} to {@code offset + length} of {@code parameter}. */
    public ParameterSlice(Parameter parameter, long offset, long length) {
        this.parameter = parameter;
        this.slice = new TensorSlice(parameter.name(), parameter.shape(), offset, length);
        this.value = cut(parameter.value());
        this.copy = parameter.copy().present() ? cut(parameter.copy()) : Tensor.NONE;
    }

    private Tensor cut(Tensor tensor) {
        long elementBytes = tensor.dtype().bytes();
        return Tensor.of(
                tensor.dtype(),
                Shape.of(slice.length()),
                tensor.segment().asSlice(slice.offset() * elementBytes, slice.length() * elementBytes));
    }

    @Override
    public TensorSlice slice() {
        return slice;
    }

    @Override
    public Tensor value() {
        return value;
    }

    @Override
    public Tensor copy() {
        return copy;
    }

    @Override
    public Tensor gradient() {
        Tensor now = parameter.gradient();
        if (now != whole) {
            gradient = cut(now);
            whole = now;
        }
        return gradient;
    }

    @Override
    public boolean decays() {
        return parameter.decays();
    }

    @Override
    public String toString() {
        return "%s[%d:%d]".formatted(parameter, slice.offset(), slice.end());
    }
}
