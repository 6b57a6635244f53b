package io.dunlin.device.cpu;

import io.dunlin.device.cpu.ProductShape.Addend;
import io.dunlin.device.cpu.ProductShape.Bias;
import io.dunlin.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** The three products of a linear layer. Plans are made when shapes are first seen, and kept. */
final class MatrixProducts {
    private final Team team;
    private final ProductEngine engine;
    private final Scratch scratch;
    private final List<TiledProduct> planned = new ArrayList<>();
    private final Reductions.ColumnSums columnSums;

    MatrixProducts(Team team, ProductEngine engine, Scratch scratch) {
        this.team = team;
        this.engine = engine;
        this.scratch = scratch;
        this.columnSums = new Reductions.ColumnSums(team, scratch);
    }

    void linear(Tensor x, Tensor w, Tensor bias, Tensor residual, Tensor y) {
        Bias withBias = bias.present() ? Bias.EVERY_ROW : Bias.NONE;
        Addend addend =
                !residual.present() ? Addend.NOTHING : residual.address() == y.address() ? Addend.RESULT : Addend.OTHER;
        if (addend == Addend.OTHER && residual.rowStride() != y.rowStride()) {
            throw new IllegalArgumentException("residual and result must have the same row stride, got %d and %d"
                    .formatted(residual.rowStride(), y.rowStride()));
        }
        plan(TilePlan.Kind.FORWARD, x, w, y, withBias, addend)
                .run(x.address(), w.address(), y.address(), bias.address(), residual.address());
    }

    void backwardInput(Tensor dy, Tensor w, Tensor dx, float beta) {
        plan(TilePlan.Kind.INPUT_GRADIENT, dy, w, dx, Bias.NONE, addend(beta))
                .run(dy.address(), w.address(), dx.address(), 0, 0);
    }

    void backwardWeight(Tensor dy, Tensor x, Tensor dw, Tensor db, float beta) {
        plan(TilePlan.Kind.WEIGHT_GRADIENT, dy, x, dw, Bias.NONE, addend(beta))
                .run(dy.address(), x.address(), dw.address(), 0, 0);
        if (db.present()) {
            columnSums.run(dy, db, beta);
        }
    }

    private static Addend addend(float beta) {
        return beta == 0 ? Addend.NOTHING : Addend.RESULT;
    }

    /** The plan for operands of these shapes; a model has a few dozen of them, so they are looked up one by one. */
    private TiledProduct plan(TilePlan.Kind kind, Tensor a, Tensor b, Tensor c, Bias bias, Addend addend) {
        for (int i = 0; i < planned.size(); i++) {
            if (planned.get(i).plan().fits(kind, a, b, c, bias, addend)) {
                return planned.get(i);
            }
        }
        TilePlan plan = TilePlan.of(kind, a, b, c, bias, addend, engine.tileRows(a.dtype()));
        TiledProduct product = new TiledProduct(team, scratch, engine, plan);
        planned.add(product);
        return product;
    }
}
