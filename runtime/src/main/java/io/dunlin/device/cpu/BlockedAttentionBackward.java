package io.dunlin.device.cpu;

import io.dunlin.device.AttentionShape;
import io.dunlin.device.cpu.AttentionPlan.Role;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Causal attention backward, block by block (Dao, FlashAttention-2, algorithm 2). A tile is one key and value head of
 * one sequence with all query heads that share it, so that dk and dv are summed by one thread, in one order.
 *
 * <p>For each pair of blocks: p = exp(q k^T scale - logSumExp), dp = dout v^T, ds = p (dp - delta) scale with delta =
 * rowsum(dout * out); then dv += p^T dout, dk += ds^T q, dq += ds k.
 */
final class BlockedAttentionBackward {
    private static final int KEY_BLOCK = 512;

    private final Team team;
    private final ProductEngine engine;
    private final Scratch scratch;
    private final List<Backward> planned = new ArrayList<>();

    BlockedAttentionBackward(Team team, ProductEngine engine, Scratch scratch) {
        this.team = team;
        this.engine = engine;
        this.scratch = scratch;
    }

    void run(
            AttentionShape shape,
            Tensor q,
            Tensor k,
            Tensor v,
            Tensor out,
            Tensor logSumExp,
            Tensor dout,
            Tensor dq,
            Tensor dk,
            Tensor dv) {
        if (shape.rows() > 0) {
            Backward backward = plan(shape, q, k, v, dout);
            backward.read(q, k, v, out, logSumExp, dout);
            backward.write(dq, dk, dv);
            backward.run();
        }
    }

    private Backward plan(AttentionShape shape, Tensor q, Tensor k, Tensor v, Tensor dout) {
        for (int i = 0; i < planned.size(); i++) {
            if (planned.get(i).plan.fits(shape, KEY_BLOCK, q, k, v, dout)) {
                return planned.get(i);
            }
        }
        Backward backward = new Backward(AttentionPlan.of(shape, KEY_BLOCK, q, k, v, dout));
        planned.add(backward);
        return backward;
    }

    private final class Backward implements Team.Job {
        private final AttentionPlan plan;
        private final Product[][] scores;
        private final Product[][] dps;
        private final Product[][] dvs;
        private final Product[][] dks;
        private final Product[][] dqFirst;
        private final Product[][] dqMore;
        private final float scale;
        private final Operand q = new Operand();
        private final Operand k = new Operand();
        private final Operand v = new Operand();
        private final Operand out = new Operand();
        private final Operand dout = new Operand();
        private final Operand dq = new Operand();
        private final Operand dk = new Operand();
        private final Operand dv = new Operand();
        private long logSumExp;

        Backward(AttentionPlan plan) {
            this.plan = plan;
            scores = plan.products(Role.SCORES, engine);
            dps = plan.products(Role.DP, engine);
            dvs = plan.products(Role.DV, engine);
            dks = plan.products(Role.DK, engine);
            dqFirst = plan.products(Role.DQ, engine);
            dqMore = plan.products(Role.DQ_MORE, engine);
            scale = (float) (1 / Math.sqrt(plan.shape().headWidth()));
        }

        void read(Tensor ofQ, Tensor ofK, Tensor ofV, Tensor ofOut, Tensor ofLogSumExp, Tensor ofDout) {
            q.set(ofQ);
            k.set(ofK);
            v.set(ofV);
            out.set(ofOut);
            logSumExp = ofLogSumExp.address();
            dout.set(ofDout);
        }

        void write(Tensor ofDq, Tensor ofDk, Tensor ofDv) {
            dq.set(ofDq);
            dk.set(ofDk);
            dv.set(ofDv);
        }

        void run() {
            scratch.ensure(4 * scoreBytes() + 2 * keyBytes() + 3 * queryBytes() + rowBytes());
            team.run(this, plan.shape().batch() * plan.shape().keyValueHeads());
        }

        private long scoreBytes() {
            return (long) AttentionPlan.QUERY_BLOCK * plan.scoreStride() * Float.BYTES;
        }

        private long keyBytes() {
            return (long) plan.shape().time() * plan.shape().headWidth() * Float.BYTES;
        }

        private long queryBytes() {
            return (long) AttentionPlan.QUERY_BLOCK * plan.shape().headWidth() * Float.BYTES;
        }

        private long rowBytes() {
            return (long) AttentionPlan.QUERY_BLOCK * Float.BYTES;
        }

        @Override
        public void tile(int tile, int worker) {
            AttentionShape shape = plan.shape();
            int sequence = tile / shape.keyValueHeads();
            int keyHead = tile % shape.keyValueHeads();
            int group = shape.heads() / shape.keyValueHeads();
            int width = shape.headWidth();
            long keySums = scratch.of(worker) + 4 * scoreBytes();
            long valueSums = keySums + keyBytes();
            RowLoops.fill(keySums, 0, shape.time() * width);
            RowLoops.fill(valueSums, 0, shape.time() * width);
            for (int head = keyHead * group; head < (keyHead + 1) * group; head++) {
                for (int i = 0; i < plan.queryBlocks(); i++) {
                    queries(sequence, head, keyHead, i, worker);
                }
            }
            long firstRow = (long) sequence * shape.time();
            for (int t = 0; t < shape.time(); t++) {
                long offset = 4L * t * width;
                dk.store(firstRow + t, (long) keyHead * width, width, keySums + offset);
                dv.store(firstRow + t, (long) keyHead * width, width, valueSums + offset);
            }
        }

        /** One block of queries against all blocks of keys that it sees. */
        private void queries(int sequence, int head, int keyHead, int i, int worker) {
            AttentionShape shape = plan.shape();
            int width = shape.headWidth();
            long s = scratch.of(worker);
            long dp = s + scoreBytes();
            boolean narrow = plan.type() == DType.BF16;
            long p = narrow ? dp + scoreBytes() : s;
            long ds = narrow ? dp + 2 * scoreBytes() : dp;
            long keySums = s + 4 * scoreBytes();
            long valueSums = keySums + keyBytes();
            long querySums = valueSums + keyBytes();
            long deltas = querySums + 3 * queryBytes();
            long sequenceRow = (long) sequence * shape.time();
            long firstQuery = (long) i * AttentionPlan.QUERY_BLOCK;
            long row = sequenceRow + firstQuery;
            long column = (long) head * width;
            deltas(row, column, plan.queriesOf(i), deltas, querySums + queryBytes());
            long kept = logSumExp + 4L * (((long) sequence * shape.heads() + head) * shape.time() + firstQuery);
            for (int j = 0; j < plan.keyBlocks(i); j++) {
                long firstKey = (long) j * plan.keyBlock();
                long key = k.at(sequenceRow + firstKey, (long) keyHead * width);
                long value = v.at(sequenceRow + firstKey, (long) keyHead * width);
                scores[i][j].run(worker, q.at(row, column), key, s, 0, 0);
                dps[i][j].run(worker, dout.at(row, column), value, dp, 0, 0);
                for (int r = 0; r < plan.queriesOf(i); r++) {
                    int seen = (int) Math.min(plan.keysOf(i, j), firstQuery + r - firstKey + 1);
                    row(r, seen, plan.keysOf(i, j), s, p, dp, ds, kept, deltas);
                }
                long offset = 4L * firstKey * width;
                if (j == plan.keyBlocks(i) - 1 && !finite(row, column, (long) keyHead * width, plan.queriesOf(i))) {
                    MaskedProducts products = plan.masked(i);
                    RowLoops.fill(querySums, 0, j == 0 ? plan.queriesOf(i) * width : 0);
                    products.addOverQueries(p, dout, row, column, width, valueSums + offset);
                    products.addOverQueries(ds, q, row, column, width, keySums + offset);
                    products.addOverKeys(ds, k, sequenceRow + firstKey, (long) keyHead * width, width, querySums);
                } else {
                    dvs[i][j].run(worker, p, dout.at(row, column), valueSums + offset, 0, 0);
                    dks[i][j].run(worker, ds, q.at(row, column), keySums + offset, 0, 0);
                    (j == 0 ? dqFirst : dqMore)[i][j].run(worker, ds, key, querySums, 0, 0);
                }
            }
            for (int r = 0; r < plan.queriesOf(i); r++) {
                dq.store(row + r, column, width, querySums + 4L * r * width);
            }
        }

        /** Whether zero weights on the diagonal hide everything that is not seen. */
        private boolean finite(long firstRow, long column, long keyColumn, int rows) {
            int width = plan.shape().headWidth();
            return k.finite(firstRow, rows, keyColumn, width)
                    && q.finite(firstRow, rows, column, width)
                    && dout.finite(firstRow, rows, column, width);
        }

        /** Probabilities and their gradients of one row; those of keys not seen become zero. */
        private void row(int r, int seen, int width, long s, long p, long dp, long ds, long kept, long deltas) {
            long offset = (long) r * plan.scoreStride();
            long scoresRow = s + 4 * offset;
            long dpRow = dp + 4 * offset;
            int whole = Lanes.wholeVectors(seen);
            int unseen = Math.max(whole, width) - seen;
            float logSumExp = Memory.f32(kept + 4L * r);
            float delta = Memory.f32(deltas + 4L * r);
            if (p == s) {
                SoftmaxLoops.backward(scoresRow, dpRow, scale, logSumExp, delta, whole);
                RowLoops.fill(scoresRow + 4L * seen, 0, unseen);
                RowLoops.fill(dpRow + 4L * seen, 0, unseen);
            } else {
                long toP = p + 2 * offset;
                long toDs = ds + 2 * offset;
                SoftmaxLoops.narrowBackward(scoresRow, dpRow, toP, toDs, scale, logSumExp, delta, whole);
                RowLoops.clearNarrow(toP + 2L * seen, unseen);
                RowLoops.clearNarrow(toDs + 2L * seen, unseen);
            }
        }

        /** delta of each row: the sum of dout * out. */
        private void deltas(long row, long column, int rows, long deltas, long buffer) {
            int width = plan.shape().headWidth();
            for (int r = 0; r < rows; r++) {
                long a = dout.read(row + r, column, width, buffer);
                long b = out.read(row + r, column, width, buffer + queryBytes());
                Memory.f32(deltas + 4L * r, NormLoops.dot(a, b, width));
            }
        }
    }
}
