package io.dunlin.device.cpu;

import io.dunlin.device.AttentionShape;
import io.dunlin.device.cpu.AttentionPlan.Role;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Causal attention forward, block by block with an online softmax (Dao, FlashAttention-2, algorithm 1). A tile is one
 * block of queries of one head of one sequence.
 *
 * <p>For each block of keys: scores = q k^T; their exponentials against the largest score so far; out += p v. When a
 * larger score appears, sums and output so far are scaled down.
 */
final class BlockedAttention {
    private static final int KEY_BLOCK = 512;

    private final Team team;
    private final ProductEngine engine;
    private final Scratch scratch;
    private final List<Forward> planned = new ArrayList<>();

    BlockedAttention(Team team, ProductEngine engine, Scratch scratch) {
        this.team = team;
        this.engine = engine;
        this.scratch = scratch;
    }

    void run(AttentionShape shape, Tensor q, Tensor k, Tensor v, Tensor out, Tensor logSumExp) {
        if (shape.rows() > 0) {
            plan(shape, q, k, v).run(q, k, v, out, logSumExp);
        }
    }

    private Forward plan(AttentionShape shape, Tensor q, Tensor k, Tensor v) {
        for (int i = 0; i < planned.size(); i++) {
            if (planned.get(i).plan.fits(shape, KEY_BLOCK, q, k, v, Tensor.NONE)) {
                return planned.get(i);
            }
        }
        Forward forward = new Forward(AttentionPlan.of(shape, KEY_BLOCK, q, k, v, Tensor.NONE));
        planned.add(forward);
        return forward;
    }

    private final class Forward implements Team.Job {
        private final AttentionPlan plan;
        private final Product[][] scores;
        private final Product[][] first;
        private final Product[][] more;
        private final float scale;
        private final Operand q = new Operand();
        private final Operand k = new Operand();
        private final Operand v = new Operand();
        private final Operand out = new Operand();
        private long logSumExp;

        Forward(AttentionPlan plan) {
            this.plan = plan;
            scores = plan.products(Role.SCORES, engine);
            first = plan.products(Role.OUT, engine);
            more = plan.products(Role.OUT_MORE, engine);
            scale = (float) (1 / Math.sqrt(plan.shape().headWidth()));
        }

        void run(Tensor ofQ, Tensor ofK, Tensor ofV, Tensor ofOut, Tensor ofLogSumExp) {
            q.set(ofQ);
            k.set(ofK);
            v.set(ofV);
            out.set(ofOut);
            logSumExp = ofLogSumExp.address();
            scratch.ensure(scoreBytes() * 2 + accumulatorBytes() + 2L * rowBytes());
            AttentionShape shape = plan.shape();
            team.run(this, shape.batch() * shape.heads() * plan.queryBlocks());
        }

        private long scoreBytes() {
            return (long) AttentionPlan.QUERY_BLOCK * plan.scoreStride() * Float.BYTES;
        }

        private long accumulatorBytes() {
            return (long) AttentionPlan.QUERY_BLOCK * plan.shape().headWidth() * Float.BYTES;
        }

        private long rowBytes() {
            return (long) AttentionPlan.QUERY_BLOCK * Float.BYTES;
        }

        @Override
        public void tile(int tile, int worker) {
            AttentionShape shape = plan.shape();
            // Long blocks first: the last block of a head sees the most keys.
            int pairs = shape.batch() * shape.heads();
            int i = plan.queryBlocks() - 1 - tile / pairs;
            int pair = tile % pairs;
            int head = pair % shape.heads();
            int keyHead = head / (shape.heads() / shape.keyValueHeads());
            long sequence = (long) (pair / shape.heads()) * shape.time();
            int rows = plan.queriesOf(i);
            long firstQuery = (long) i * AttentionPlan.QUERY_BLOCK;
            long block = scratch.of(worker);
            long accumulator = block + 2 * scoreBytes();
            long maxima = accumulator + accumulatorBytes();
            long sums = maxima + rowBytes();
            long probabilities = plan.type() == DType.BF16 ? block + scoreBytes() : block;
            long query = q.at(sequence + firstQuery, (long) head * shape.headWidth());
            RowLoops.fill(maxima, Float.NEGATIVE_INFINITY, rows);
            RowLoops.fill(sums, 0, rows);
            for (int j = 0; j < plan.keyBlocks(i); j++) {
                long firstKey = (long) j * plan.keyBlock();
                long column = (long) keyHead * shape.headWidth();
                scores[i][j].run(worker, query, k.at(sequence + firstKey, column), block, 0, 0);
                for (int row = 0; row < rows; row++) {
                    int seen = (int) Math.min(plan.keysOf(i, j), firstQuery + row - firstKey + 1);
                    row(row, seen, plan.keysOf(i, j), block, probabilities, accumulator, maxima, sums);
                }
                boolean diagonal = j == plan.keyBlocks(i) - 1;
                if (diagonal && !v.finite(sequence + firstQuery, rows, column, shape.headWidth())) {
                    RowLoops.fill(accumulator, 0, j == 0 ? rows * shape.headWidth() : 0);
                    plan.masked(i)
                            .addOverKeys(probabilities, v, sequence + firstKey, column, shape.headWidth(), accumulator);
                } else {
                    Product product = j == 0 ? first[i][j] : more[i][j];
                    product.run(worker, probabilities, v.at(sequence + firstKey, column), accumulator, 0, 0);
                }
            }
            long kept = logSumExp + 4L * ((long) pair * shape.time() + firstQuery);
            finish(sequence + firstQuery, head, rows, accumulator, maxima, sums, kept);
        }

        /** The exponentials of one row of scores; those of keys not seen become zero. */
        private void row(
                int row,
                int seen,
                int width,
                long block,
                long probabilities,
                long accumulator,
                long maxima,
                long sums) {
            long at = block + 4L * row * plan.scoreStride();
            float before = Memory.f32(maxima + 4L * row);
            float max = Math.max(before, RowLoops.max(at, seen));
            // Scores up to a whole vector are made to count for nothing; the padding of rows leaves room for that.
            int whole = Lanes.wholeVectors(seen);
            RowLoops.fill(at + 4L * seen, Float.NEGATIVE_INFINITY, whole - seen);
            float sum;
            if (probabilities == block) {
                sum = SoftmaxLoops.exponentials(at, max, scale, whole);
                RowLoops.fill(at + 4L * seen, 0, Math.max(whole, width) - seen);
            } else {
                long to = probabilities + 2L * row * plan.scoreStride();
                sum = SoftmaxLoops.narrowExponentials(at, to, max, scale, whole);
                RowLoops.clearNarrow(to + 2L * seen, Math.max(whole, width) - seen);
            }
            Memory.f32(maxima + 4L * row, max);
            if (before == Float.NEGATIVE_INFINITY) {
                Memory.f32(sums + 4L * row, sum);
                return;
            }
            float correction = (float) Math.exp((before - max) * scale);
            Memory.f32(sums + 4L * row, Memory.f32(sums + 4L * row) * correction + sum);
            if (correction != 1) {
                int headWidth = plan.shape().headWidth();
                RowLoops.scale(accumulator + 4L * row * headWidth, correction, headWidth);
            }
        }

        private void finish(
                long firstRow, int head, int rows, long accumulator, long maxima, long sums, long keptLogSumExp) {
            int width = plan.shape().headWidth();
            for (int row = 0; row < rows; row++) {
                long from = accumulator + 4L * row * width;
                float sum = Memory.f32(sums + 4L * row);
                RowLoops.scale(from, 1 / sum, width);
                out.store(firstRow + row, (long) head * width, width, from);
                double lse = Memory.f32(maxima + 4L * row) * (double) scale + Math.log(sum);
                Memory.f32(keptLogSumExp + 4L * row, (float) lse);
            }
        }
    }
}
