package io.dunlin.device.cpu;

import static io.dunlin.device.cpu.Lanes.F;
import static io.dunlin.device.cpu.Lanes.W;
import static io.dunlin.device.cpu.Lanes.load;
import static io.dunlin.device.cpu.Lanes.store;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Sums in double. */
final class ReductionLoops {
    static final VectorSpecies<Double> D = DoubleVector.SPECIES_PREFERRED;

    /** Columns that are summed in registers. */
    static final int COLUMNS = 4 * W;

    private ReductionLoops() {}

    /** The sum of squares; the lanes are added one by one in {@code buffer}, as {@link Lanes#sum} explains. */
    static double squares(long x, int count, long buffer) {
        DoubleVector low = DoubleVector.zero(D);
        DoubleVector high = DoubleVector.zero(D);
        int bound = F.loopBound(count);
        for (int i = 0; i < bound; i += W) {
            FloatVector v = load(x + 4L * i);
            DoubleVector a = (DoubleVector) v.convertShape(VectorOperators.F2D, D, 0);
            DoubleVector b = (DoubleVector) v.convertShape(VectorOperators.F2D, D, 1);
            low = a.fma(a, low);
            high = b.fma(b, high);
        }
        low.add(high).intoMemorySegment(Memory.ALL, buffer, Lanes.LE);
        double sum = 0;
        for (int lane = 0; lane < D.length(); lane++) {
            sum += Memory.f64(buffer + (long) lane * Double.BYTES);
        }
        for (int i = bound; i < count; i++) {
            double v = Memory.f32(x + 4L * i);
            sum += v * v;
        }
        return sum;
    }

    /** Adds {@code rows} rows of {@link #COLUMNS} F32 to sums. */
    static void addRows(long from, long strideBytes, long rows, long sums) {
        FloatVector s0 = load(sums);
        FloatVector s1 = load(sums + 4L * W);
        FloatVector s2 = load(sums + 8L * W);
        FloatVector s3 = load(sums + 12L * W);
        for (long row = from, end = from + rows * strideBytes; row < end; row += strideBytes) {
            s0 = s0.add(load(row));
            s1 = s1.add(load(row + 4L * W));
            s2 = s2.add(load(row + 8L * W));
            s3 = s3.add(load(row + 12L * W));
        }
        store(s0, sums);
        store(s1, sums + 4L * W);
        store(s2, sums + 8L * W);
        store(s3, sums + 12L * W);
    }

    /** As {@link #addRows} for rows of BF16. */
    static void addNarrowRows(long from, long strideBytes, long rows, long sums) {
        FloatVector s0 = load(sums);
        FloatVector s1 = load(sums + 4L * W);
        FloatVector s2 = load(sums + 8L * W);
        FloatVector s3 = load(sums + 12L * W);
        for (long row = from, end = from + rows * strideBytes; row < end; row += strideBytes) {
            s0 = s0.add(Lanes.widened(row));
            s1 = s1.add(Lanes.widened(row + 2L * W));
            s2 = s2.add(Lanes.widened(row + 4L * W));
            s3 = s3.add(Lanes.widened(row + 6L * W));
        }
        store(s0, sums);
        store(s1, sums + 4L * W);
        store(s2, sums + 8L * W);
        store(s3, sums + 12L * W);
    }
}
