package io.dunlin.nn;

import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import io.dunlin.tensor.TensorSlice;

/** Some elements of a parameter, in memory of their own or in that of the parameter. */
public final class ParameterSlice implements Trained {
    private final Parameter parameter;
    private final TensorSlice slice;
    private final Tensor value;
    private final Tensor copy;
    private Tensor sum = Tensor.NONE; // where the gradient has been directed
    private Tensor whole = Tensor.NONE; // the parameter's gradient, where it has not
    private Tensor part = Tensor.NONE; // of `whole`

    /**
     * A slice.
     *
     * @param slice which elements
     * @param value F32, the masters
     * @param copy what kernels read of them; {@link Tensor#NONE} if that is {@code value}
     */
    public ParameterSlice(Parameter parameter, TensorSlice slice, Tensor value, Tensor copy) {
        this.parameter = parameter;
        this.slice = slice;
        this.value = value;
        this.copy = copy;
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

    /** From now on the gradient of these elements is {@code newSum}, F32, and no part of the parameter's. */
    public void directGradient(Tensor newSum) {
        sum = newSum;
    }

    @Override
    public Tensor gradient() {
        if (sum.present()) {
            return sum;
        }
        Tensor now = parameter.gradient();
        if (now != whole) {
            long elementBytes = now.dtype().bytes();
            part = Tensor.of(
                    now.dtype(),
                    Shape.of(slice.length()),
                    now.segment().asSlice(slice.offset() * elementBytes, slice.length() * elementBytes));
            whole = now;
        }
        return part;
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
