package io.dunlin.nn;

import io.dunlin.device.Kernels;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;

/**
 * From the stream to the loss: norm, logits, cross-entropy.
 *
 * <p>Logits are the largest activation of a small model: V columns. They are made, turned into their gradient in place
 * and consumed for {@link #CHUNK_ROWS} rows at a time, so that R x V of them never exist at once. The chunk is fixed:
 * bits do not depend on anything but the number of rows.
 *
 * <p>Legend: R rows, C width, V vocabulary, K rows of a chunk.
 *
 * @param norm of the stream
 * @param projection [V, C]; its weight may be the token embedding's
 */
public record Head(Norm norm, Linear projection) {
    /** Rows whose logits exist at the same time, where not all are asked for. */
    public static final int CHUNK_ROWS = 1024;

    /** Allocates the memory of a pass that needs losses, and gradients if the plan trains. */
    public Planned plan(ActivationPlan plan) {
        return new Planned(this, plan, Math.min(plan.rows(), CHUNK_ROWS));
    }

    /** Allocates the memory of a pass that needs the logits of all rows at once. */
    public Planned planLogits(ActivationPlan plan) {
        return new Planned(this, plan, plan.rows());
    }

    /** First element of the parameters that lie last in the flat buffers; a tied weight lies elsewhere. */
    public long flatOffset() {
        return norm.first().flatOffset();
    }

    /** Rows of one chunk, as views of the tensors of the pass. */
    private record Chunk(Tensor normed, Tensor dNormed, Tensor targets, Tensor losses, Tensor logits) {}

    /** A head with the memory of one pass. */
    public static final class Planned {
        private final Kernels kernels;
        private final Norm.Planned norm;
        private final Linear projection;

        private final Tensor normed; // [R, C]
        private final Tensor dNormed; // [R, C]
        private final Tensor targets; // I32 [R]
        private final Tensor losses; // F32 [R]
        private final Tensor logits; // [K, V]
        private final Chunk[] chunks;

        private Planned(Head head, ActivationPlan plan, int chunkRows) {
            kernels = plan.kernels();
            norm = head.norm.plan(plan);
            projection = head.projection;
            int rows = plan.rows();
            long width = head.norm.width();
            normed = plan.saved(width);
            dNormed = plan.gradient("branch", width);
            targets = plan.own(DType.I32, 1, rows).reshape(Shape.of(rows));
            losses = plan.own(DType.F32, 1, rows).reshape(Shape.of(rows));
            logits = plan.own(plan.dtype(), chunkRows, projection.outputs());
            chunks = new Chunk[Math.ceilDiv(rows, chunkRows)];
            for (int i = 0; i < chunks.length; i++) {
                int first = i * chunkRows;
                int count = Math.min(chunkRows, rows - first);
                chunks[i] = new Chunk(
                        normed.rows(first, count),
                        dNormed.present() ? dNormed.rows(first, count) : Tensor.NONE,
                        elements(targets, first, count),
                        elements(losses, first, count),
                        logits.rows(0, count));
            }
        }

        /** Where the targets of a micro-batch must be put before a call: I32 [R], -1 where there is none. */
        public Tensor targets() {
            return targets;
        }

        /** The sum of the losses of x[R,C]. */
        public double loss(Tensor x) {
            norm.forward(x, normed);
            for (Chunk chunk : chunks) {
                projection.forward(kernels, chunk.normed, chunk.logits);
                kernels.crossEntropyLoss(chunk.logits, chunk.targets, chunk.losses);
            }
            return kernels.sum(losses);
        }

        /** d[R,C] becomes the gradient of x[R,C]; {@link #lossSum()} then has the losses. */
        public void backward(Tensor x, float gradientScale, Tensor d) {
            norm.forward(x, normed);
            for (Chunk chunk : chunks) {
                projection.forward(kernels, chunk.normed, chunk.logits);
                kernels.crossEntropy(chunk.logits, chunk.targets, chunk.losses, gradientScale);
                projection.backward(kernels, chunk.normed, chunk.logits, chunk.dNormed, 0f);
            }
            kernels.fill(d, 0f); // the norm adds to the gradient of the stream, and this is its end
            norm.backward(x, dNormed, d);
        }

        /** The sum of the losses of the last call; waits for it. */
        public double lossSum() {
            return kernels.sum(losses);
        }

        /** The logits of x[R,C]: [R, V], valid until the next call. Only after {@link Head#planLogits}. */
        public Tensor logits(Tensor x) {
            if (chunks.length != 1) {
                throw new IllegalStateException("planned for the logits of %d rows at a time".formatted(logits.rows()));
            }
            norm.forward(x, normed);
            projection.forward(kernels, normed, logits);
            return logits;
        }

        /** The logits of row {@code row} of x[R,C] alone: [1, V], valid until the next call. */
        public Tensor logits(Tensor x, int row) {
            norm.forward(x, normed);
            Tensor one = logits.rows(0, 1);
            projection.forward(kernels, normed.rows(row, 1), one);
            return one;
        }

        private static Tensor elements(Tensor vector, int first, int count) {
            long bytes = vector.dtype().bytes();
            return Tensor.of(vector.dtype(), Shape.of(count), vector.segment().asSlice(first * bytes, count * bytes));
        }
    }
}
