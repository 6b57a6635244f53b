package io.dunlin.device.cpu;

import static io.dunlin.device.cpu.Lanes.F;
import static io.dunlin.device.cpu.Lanes.W;
import static io.dunlin.device.cpu.Lanes.load;
import static io.dunlin.device.cpu.Lanes.store;

import jdk.incubator.vector.FloatVector;

/** The inner loop of {@link VectorProducts}. */
final class ProductLoops {
    private ProductLoops() {}

    /** Two rows of a block: sums over {@code depth} of a row of panel a times a row of panel b. */
    static void twoRows(long panelA, long panelB, int depth, long block) {
        FloatVector s00 = FloatVector.zero(F);
        FloatVector s01 = FloatVector.zero(F);
        FloatVector s02 = FloatVector.zero(F);
        FloatVector s03 = FloatVector.zero(F);
        FloatVector s10 = FloatVector.zero(F);
        FloatVector s11 = FloatVector.zero(F);
        FloatVector s12 = FloatVector.zero(F);
        FloatVector s13 = FloatVector.zero(F);
        for (int k = 0; k < depth; k++) {
            long b = panelB + 4L * VectorProducts.COLUMNS * k;
            FloatVector b0 = load(b);
            FloatVector b1 = load(b + 4L * W);
            FloatVector b2 = load(b + 8L * W);
            FloatVector b3 = load(b + 12L * W);
            FloatVector a0 = FloatVector.broadcast(F, Memory.f32(panelA + 4L * VectorProducts.ROWS * k));
            FloatVector a1 = FloatVector.broadcast(F, Memory.f32(panelA + 4L * VectorProducts.ROWS * k + 4));
            s00 = a0.fma(b0, s00);
            s01 = a0.fma(b1, s01);
            s02 = a0.fma(b2, s02);
            s03 = a0.fma(b3, s03);
            s10 = a1.fma(b0, s10);
            s11 = a1.fma(b1, s11);
            s12 = a1.fma(b2, s12);
            s13 = a1.fma(b3, s13);
        }
        store(s00, block);
        store(s01, block + 4L * W);
        store(s02, block + 8L * W);
        store(s03, block + 12L * W);
        store(s10, block + 4L * VectorProducts.COLUMNS);
        store(s11, block + 4L * (VectorProducts.COLUMNS + W));
        store(s12, block + 4L * (VectorProducts.COLUMNS + 2 * W));
        store(s13, block + 4L * (VectorProducts.COLUMNS + 3 * W));
    }
}
