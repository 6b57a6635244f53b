package io.dunlin.nn;

import io.dunlin.tensor.Tensor;
import io.dunlin.tensor.TensorSlice;

/** What an optimizer updates: a whole {@link Parameter}, or the {@link ParameterSlice} of one that a rank owns. */
public sealed interface Trained permits Parameter, ParameterSlice {
    /** Which elements of which tensor. */
    TensorSlice slice();

    /** The master value, F32. */
    Tensor value();

    /** The BF16 copy that must follow the master; {@link Tensor#NONE} if kernels read the master itself. */
    Tensor copy();

    /** The gradient of the current micro-batch or step, F32. */
    Tensor gradient();

    /** Whether weight decay applies: only to tensors of two or more dimensions. */
    boolean decays();
}
