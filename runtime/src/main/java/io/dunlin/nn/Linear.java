package io.dunlin.nn;

import io.dunlin.device.Kernels;
import io.dunlin.tensor.Tensor;
import java.util.Optional;

/**
 * A matrix product with a weight: y = x * w^T + b.
 *
 * <p>Legend: R rows, C inputs, N outputs.
 */
public final class Linear {
    private final Parameter weight; // [N, C]
    private final Optional<Parameter> bias; // [N]

    private Linear(Parameter weight, Optional<Parameter> bias) {
        this.weight = weight;
        this.bias = bias;
    }

    /** With a bias. */
    public static Linear of(Parameter weight, Parameter bias) {
        return new Linear(weight, Optional.of(bias));
    }

    /** Without a bias. */
    public static Linear of(Parameter weight) {
        return new Linear(weight, Optional.empty());
    }

    /** y[R,N] = x[R,C] * w^T + b. */
    void forward(Kernels kernels, Tensor x, Tensor y) {
        forward(kernels, x, Tensor.NONE, y);
    }

    /** y[R,N] = residual[R,N] + x[R,C] * w^T + b. */
    void forward(Kernels kernels, Tensor x, Tensor residual, Tensor y) {
        kernels.linear(x, weight.compute(), bias.isPresent() ? bias.get().compute() : Tensor.NONE, residual, y);
    }

    /**
     * dx[R,C] = dy[R,N] * w + beta * dx, and the gradients of weight and bias.
     *
     * @param x what forward read
     * @param beta 0 overwrites dx, 1 adds to it
     */
    void backward(Kernels kernels, Tensor x, Tensor dy, Tensor dx, float beta) {
        kernels.linearBackwardWeight(dy, x, weight.gradient(), biasGradient(), weight.takeBeta());
        kernels.linearBackwardInput(dy, weight.compute(), dx, beta);
    }

    /** Outputs: N. */
    public long outputs() {
        return weight.shape().extent(0);
    }

    /** Inputs: C. */
    public long inputs() {
        return weight.shape().extent(1);
    }

    private Tensor biasGradient() {
        return bias.isPresent() ? bias.get().gradient() : Tensor.NONE;
    }
}
