package io.dunlin.nn;

import io.dunlin.device.AttentionShape;
import io.dunlin.device.Kernels;
import io.dunlin.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Each position looks at itself and those before it.
 *
 * <p>Legend: R rows, C width, H query heads, G key/value heads, D head width, Q = (H + 2G) * D.
 *
 * @param norm of the branch's input
 * @param projections of the norm; their outputs side by side are the queries, keys and values of a row: one product for
 *     all, or one for each
 * @param output back to the stream: [C, H*D]
 * @param rotary turns queries and keys; empty where positions are learned
 * @param heads H
 * @param keyValueHeads G
 */
public record CausalAttention(
        Norm norm,
        List<Linear> projections,
        Linear output,
        Optional<RotaryPositions> rotary,
        int heads,
        int keyValueHeads)
        implements Branch {

    /** Checks that the projections make queries, keys and values of whole heads. */
    public CausalAttention {
        projections = List.copyOf(projections);
        long made = projections.stream().mapToLong(Linear::outputs).sum();
        if (output.inputs() % heads != 0 || made != output.inputs() / heads * (heads + 2L * keyValueHeads)) {
            throw new IllegalArgumentException("%d columns of queries, keys and values for %d and %d heads of %d"
                    .formatted(made, heads, keyValueHeads, output.inputs() / heads));
        }
    }

    @Override
    public Planned plan(ActivationPlan plan) {
        return new PlannedAttention(this, plan);
    }

    @Override
    public long flatOffset() {
        return norm.first().flatOffset();
    }

    private static final class PlannedAttention implements Planned {
        private final Kernels kernels;
        private final AttentionShape shape;
        private final Norm.Planned norm;
        private final List<Linear> projections;
        private final Linear output;
        private final Rotation rotation;

        private final Tensor normed; // [R, C]
        private final QueryKeyValue qkv; // [R, Q]
        private final List<Tensor> projected; // column views of qkv, one for each projection
        private final Tensor mixed; // [R, H*D]
        private final Tensor logSumExp; // F32 [B*H, T]

        private final Tensor dBranch; // [R, C], first of mixed, then of normed
        private final QueryKeyValue dQkv; // [R, Q]
        private final List<Tensor> dProjected; // column views of dQkv

        PlannedAttention(CausalAttention layer, ActivationPlan plan) {
            int headWidth = Math.toIntExact(layer.output.inputs() / layer.heads);
            kernels = plan.kernels();
            shape = new AttentionShape(plan.batch(), plan.time(), layer.heads, layer.keyValueHeads, headWidth);
            norm = layer.norm.plan(plan);
            projections = layer.projections;
            output = layer.output;
            long width = layer.norm.width();
            long qkvWidth = (layer.heads + 2L * layer.keyValueHeads) * headWidth;
            normed = plan.saved(width);
            qkv = QueryKeyValue.of(plan.saved(qkvWidth), shape);
            projected = columns(qkv.all(), projections);
            mixed = plan.saved(output.inputs());
            logSumExp = plan.savedStatistic((long) plan.rows() * layer.heads);
            dBranch = plan.gradient("branch", width);
            dQkv = QueryKeyValue.of(plan.gradient("queries, keys, values", qkvWidth), shape);
            dProjected = plan.trains() ? columns(dQkv.all(), projections) : List.of();
            rotation = layer.rotary.map(r -> Rotation.by(r, plan)).orElse(Rotation.NONE);
        }

        @Override
        public void prepare(Tensor x) {
            norm.forward(x, normed);
            for (int i = 0; i < projections.size(); i++) {
                projections.get(i).forward(kernels, normed, projected.get(i));
            }
            rotation.turn(qkv.queriesAndKeys(), +1);
            kernels.attention(shape, qkv.queries(), qkv.keys(), qkv.values(), mixed, logSumExp);
        }

        @Override
        public void finish(Tensor x, Tensor y) {
            output.forward(kernels, mixed, x, y);
        }

        @Override
        public void backward(Tensor x, Tensor d) {
            output.backward(kernels, mixed, d, dBranch, 0f);
            kernels.attentionBackward(
                    shape,
                    qkv.queries(),
                    qkv.keys(),
                    qkv.values(),
                    mixed,
                    logSumExp,
                    dBranch,
                    dQkv.queries(),
                    dQkv.keys(),
                    dQkv.values());
            rotation.turn(dQkv.queriesAndKeys(), -1);
            for (int i = 0; i < projections.size(); i++) {
                projections.get(i).backward(kernels, normed, dProjected.get(i), dBranch, i == 0 ? 0f : 1f);
            }
            norm.backward(x, dBranch, d);
        }

        private static List<Tensor> columns(Tensor all, List<Linear> projections) {
            List<Tensor> views = new ArrayList<>();
            long first = 0;
            for (Linear projection : projections) {
                views.add(all.columns(first, projection.outputs()));
                first += projection.outputs();
            }
            return List.copyOf(views);
        }
    }

    /** One tensor [R, Q] and its column views. */
    private record QueryKeyValue(Tensor all, Tensor queriesAndKeys, Tensor queries, Tensor keys, Tensor values) {
        static QueryKeyValue of(Tensor all, AttentionShape shape) {
            if (!all.present()) {
                return new QueryKeyValue(all, all, all, all, all);
            }
            long q = (long) shape.heads() * shape.headWidth();
            long kv = (long) shape.keyValueHeads() * shape.headWidth();
            return new QueryKeyValue(
                    all, all.columns(0, q + kv), all.columns(0, q), all.columns(q, kv), all.columns(q + kv, kv));
        }
    }

    /** Turns the heads in x by their positions, +1 forward, -1 back. */
    private interface Rotation {
        Rotation NONE = (x, direction) -> {};

        void turn(Tensor x, int direction);

        static Rotation by(RotaryPositions rotary, ActivationPlan plan) {
            Kernels kernels = plan.kernels();
            int time = plan.time();
            Tensor cosSin = rotary.cosSin().rows(0, time); // F32 [T, D]
            return (x, direction) -> kernels.rope(x, cosSin, time, rotary.headWidth(), direction);
        }
    }
}
