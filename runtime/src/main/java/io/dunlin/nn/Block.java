package io.dunlin.nn;

import io.dunlin.tensor.Tensor;

/**
 * Attention, then an MLP, each a branch of the residual stream.
 *
 * @param width of the stream
 */
public record Block(Branch attention, Branch mlp, long width) {
    /** Allocates the memory of one pass. */
    public Planned plan(ActivationPlan plan) {
        return new Planned(this, plan);
    }

    /** First element of this block's parameters in the flat buffers; they lie together. */
    public long flatOffset() {
        return attention.flatOffset();
    }

    /** A block with the memory of one pass; x, y and d are [R, C]. */
    public static final class Planned {
        private final Branch.Planned attention;
        private final Branch.Planned mlp;
        private final Tensor middle; // [R, C]
        private final boolean recomputes;

        private Planned(Block block, ActivationPlan plan) {
            plan.beginBlock();
            middle = plan.saved(block.width);
            attention = block.attention.plan(plan);
            mlp = block.mlp.plan(plan);
            plan.endBlock();
            recomputes = plan.recomputes();
        }

        /** y from x. */
        public void forward(Tensor x, Tensor y) {
            attention.forward(x, middle);
            mlp.forward(middle, y);
        }

        /** d holds the gradient of y and becomes the gradient of x; x is what forward read. */
        public void backward(Tensor x, Tensor d) {
            if (recomputes) {
                attention.forward(x, middle);
                mlp.prepare(middle);
            }
            mlp.backward(middle, d);
            attention.backward(x, d);
        }
    }
}
