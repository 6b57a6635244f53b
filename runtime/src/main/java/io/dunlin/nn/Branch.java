package io.dunlin.nn;

import io.dunlin.tensor.Tensor;

/** One branch of the residual stream: y = x + f(norm(x)). */
public sealed interface Branch permits CausalAttention, GeluMlp, SwiGluMlp {
    /** Allocates what backward must remember, and its scratch. */
    Planned plan(ActivationPlan plan);

    /** First element of this branch's parameters in the flat buffers; they lie together. */
    long flatOffset();

    /** A branch with the memory of one pass; x, y and d are [R, C]. */
    interface Planned {
        /** Everything of f(norm(x)) but its last product: all that backward needs. */
        void prepare(Tensor x);

        /** y = x + the last product of what {@link #prepare} left; y may be x only if there is no backward. */
        void finish(Tensor x, Tensor y);

        /** y = x + f(norm(x)). */
        default void forward(Tensor x, Tensor y) {
            prepare(x);
            finish(x, y);
        }

        /** d holds the gradient of y and becomes the gradient of x; the branch was prepared with the same x. */
        void backward(Tensor x, Tensor d);
    }
}
