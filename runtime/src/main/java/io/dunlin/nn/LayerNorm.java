package io.dunlin.nn;

import io.dunlin.device.Kernels;
import io.dunlin.tensor.Tensor;

/**
 * Mean 0 and variance 1 in each row, then gain and bias (Ba, Kiros and Hinton, 2016).
 *
 * @param gain [C]
 * @param bias [C]
 * @param epsilon added to the variance
 */
public record LayerNorm(Parameter gain, Parameter bias, float epsilon) implements Norm {
    @Override
    public Planned plan(ActivationPlan plan) {
        Kernels kernels = plan.kernels();
        Tensor mean = plan.savedStatistic(plan.rows()); // [R]
        Tensor rstd = plan.savedStatistic(plan.rows()); // [R]
        return new Planned() {
            @Override
            public void forward(Tensor x, Tensor y) {
                kernels.layerNorm(x, gain.compute(), bias.compute(), epsilon, y, mean, rstd);
            }

            @Override
            public void backward(Tensor x, Tensor dy, Tensor dx) {
                kernels.layerNormBackward(
                        dy, x, gain.compute(), mean, rstd, dx, gain.gradient(), bias.gradient(), gain.takeBeta());
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
