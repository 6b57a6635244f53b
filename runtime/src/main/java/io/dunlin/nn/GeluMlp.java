package io.dunlin.nn;

import io.dunlin.device.Kernels;
import io.dunlin.tensor.Tensor;

/**
 * GPT-2's MLP: down(gelu(up(norm(x)))).
 *
 * <p>Legend: R rows, C width, F hidden.
 *
 * @param norm of the branch's input
 * @param up [F, C]
 * @param down [C, F]
 */
public record GeluMlp(Norm norm, Linear up, Linear down) implements Branch {
    @Override
    public Planned plan(ActivationPlan plan) {
        return new PlannedMlp(this, plan);
    }

    @Override
    public long flatOffset() {
        return norm.first().flatOffset();
    }

    private static final class PlannedMlp implements Planned {
        private final Kernels kernels;
        private final Norm.Planned norm;
        private final Linear up;
        private final Linear down;

        private final Tensor normed; // [R, C]
        private final Tensor hidden; // [R, F]
        private final Tensor active; // [R, F]

        private final Tensor dBranch; // [R, C]
        private final Tensor dHidden; // [R, F]

        PlannedMlp(GeluMlp layer, ActivationPlan plan) {
            kernels = plan.kernels();
            norm = layer.norm.plan(plan);
            up = layer.up;
            down = layer.down;
            normed = plan.saved(up.inputs());
            hidden = plan.saved(up.outputs());
            active = plan.saved(up.outputs());
            dBranch = plan.gradient("branch", up.inputs());
            dHidden = plan.gradient("hidden", up.outputs());
        }

        @Override
        public void prepare(Tensor x) {
            norm.forward(x, normed);
            up.forward(kernels, normed, hidden);
            kernels.gelu(hidden, active);
        }

        @Override
        public void finish(Tensor x, Tensor y) {
            down.forward(kernels, active, x, y);
        }

        @Override
        public void backward(Tensor x, Tensor d) {
            down.backward(kernels, active, d, dHidden, 0f);
            kernels.geluBackward(dHidden, hidden, dHidden);
            up.backward(kernels, normed, dHidden, dBranch, 0f);
            norm.backward(x, dBranch, d);
        }
    }
}
