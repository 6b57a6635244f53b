package io.dunlin.nn;

import io.dunlin.tensor.Tensor;

/** Brings each row to unit scale, times a trained gain. */
public sealed interface Norm permits LayerNorm, RmsNorm {
    /** Allocates the statistics that backward needs. */
    Planned plan(ActivationPlan plan);

    /** Columns of a row. */
    long width();

    /** The parameter that comes first in the flat buffers. */
    Parameter first();

    /** A norm with the memory of one pass; R rows of C. */
    interface Planned {
        /** y[R,C] from x[R,C]. */
        void forward(Tensor x, Tensor y);

        /** dx[R,C] += the gradient through the norm, from dy[R,C] and what forward read. */
        void backward(Tensor x, Tensor dy, Tensor dx);
    }
}
