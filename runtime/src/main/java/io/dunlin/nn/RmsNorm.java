package io.dunlin.nn;

import io.dunlin.device.Kernels;
import io.dunlin.tensor.Tensor;

/**
 * Root mean square 1 in each row, then a gain (Zhang and Sennrich, 2019).
 *
 * @param gain [C]
 * @param epsilon added to the mean square
 */
public record RmsNorm(Parameter gain, float epsilon) implements Norm {
    @Override
    public Planned plan(ActivationPlan plan) {
        Kernels kernels = plan.kernels();
        Tensor rstd = plan.savedStatistic(plan.rows()); // [R]
        return new Planned() {
            @Override
            public void forward(Tensor x, Tensor y) {
                kernels.rmsNorm(x, gain.compute(), epsilon, y, rstd);
            }

            @Override
            public void backward(Tensor x, Tensor dy, Tensor dx) {
                kernels.rmsNormBackward(dy, x, gain.compute(), rstd, dx, gain.gradient(), gain.takeBeta());
            }
        };
    }

    @Override
    public long width() {
        return gain.shape().elements();
    }

    @Override
    public Parameter first() {
        return gain;
    }
}
