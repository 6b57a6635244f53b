package io.dunlin.nn;

import io.dunlin.device.Kernels;
import io.dunlin.tensor.Tensor;

/**
 * Llama's MLP: down(silu(gate(n)) * up(n)), n = norm(x) (Shazeer, "GLU Variants Improve Transformer", 2020).
 *
 * <p>Legend: R rows, C width, F hidden.
 *
 * @param norm of the branch's input
 * @param gate [F, C]
 * @param up [F, C]
 * @param down [C, F]
 */
public record SwiGluMlp(Norm norm, Linear gate, Linear up, Linear down) implements Branch {
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
        private final Linear gate;
        private final Linear up;
        private final Linear down;

        private final Tensor normed; // [R, C]
        private final Tensor gated; // [R, F]
        private final Tensor raised; // [R, F]
        private final Tensor active; // [R, F]

        private final Tensor dBranch; // [R, C]
        private final Tensor dActive; // [R, F]
        private final Tensor dGated; // [R, F]
        private final Tensor dRaised; // [R, F]

        PlannedMlp(SwiGluMlp layer, ActivationPlan plan) {
            kernels = plan.kernels();
            norm = layer.norm.plan(plan);
            gate = layer.gate;
            up = layer.up;
            down = layer.down;
            normed = plan.saved(up.inputs());
            gated = plan.saved(up.outputs());
            raised = plan.saved(up.outputs());
            active = plan.saved(up.outputs());
            dBranch = plan.gradient("branch", up.inputs());
            dActive = plan.gradient("hidden", up.outputs());
            dGated = plan.gradient("gate", up.outputs());
            dRaised = plan.gradient("up", up.outputs());
        }

        @Override
        public void prepare(Tensor x) {
            norm.forward(x, normed);
            gate.forward(kernels, normed, gated);
            up.forward(kernels, normed, raised);
            kernels.swiGlu(gated, raised, active);
        }

        @Override
        public void finish(Tensor x, Tensor y) {
            down.forward(kernels, active, x, y);
        }

        @Override
        public void backward(Tensor x, Tensor d) {
            down.backward(kernels, active, d, dActive, 0f);
            kernels.swiGluBackward(dActive, gated, raised, dGated, dRaised);
            gate.backward(kernels, normed, dGated, dBranch, 0f);
            up.backward(kernels, normed, dRaised, dBranch, 1f);
            norm.backward(x, dBranch, d);
        }
    }
}
