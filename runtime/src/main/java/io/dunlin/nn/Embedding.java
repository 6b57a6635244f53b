package io.dunlin.nn;

import io.dunlin.device.Kernels;
import io.dunlin.tensor.Tensor;
import java.util.Optional;

/**
 * A row of the table for each token, plus a row for its position where positions are learned.
 *
 * @param table [V, C]
 * @param positions [T, C], T at least as long as any sequence
 */
public record Embedding(Parameter table, Optional<Parameter> positions) {
    /** With the memory of one pass: none, but for knowing its shape. */
    public Planned plan(ActivationPlan plan) {
        return new Planned(this, plan.kernels(), plan.time());
    }

    /** Columns: C. */
    public long width() {
        return table.shape().columns();
    }

    /** An embedding in one pass; R rows. */
    public static final class Planned {
        private final Parameter table;
        private final Optional<Parameter> positions;
        private final Kernels kernels;
        private final int time;

        private Planned(Embedding embedding, Kernels kernels, int time) {
            this.table = embedding.table;
            this.positions = embedding.positions;
            this.kernels = kernels;
            this.time = time;
        }

        /** y[R,C] from tokens[R]. */
        public void forward(Tensor tokens, Tensor y) {
            Tensor positionsCompute = positions.isPresent() ? positions.get().compute() : Tensor.NONE;
            kernels.embedding(tokens, table.compute(), positionsCompute, time, y);
        }

        /** Gradients of table and positions from dy[R,C]. */
        public void backward(Tensor tokens, Tensor dy) {
            Tensor positionsGradient = positions.isPresent() ? positions.get().gradient() : Tensor.NONE;
            float positionsBeta = positions.isPresent() ? positions.get().takeBeta() : 0f;
            kernels.embeddingBackward(
                    dy, tokens, time, table.gradient(), table.takeBeta(), positionsGradient, positionsBeta);
        }
    }
}
