package io.dunlin.device.cpu;

import static io.dunlin.device.cpu.Lanes.F;
import static io.dunlin.device.cpu.Lanes.W;
import static io.dunlin.device.cpu.Lanes.load;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Sums in double. */
final class ReductionLoops {
    static final VectorSpecies<Double> D = DoubleVector.SPECIES_PREFERRED;

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
}
