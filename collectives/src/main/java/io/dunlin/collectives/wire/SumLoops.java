package io.dunlin.collectives.wire;

import static io.dunlin.collectives.wire.RawMemory.ALL;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** The vector loops of {@link FloatSum}, each compiled on its own, so that no caller's size puts vectors on the heap. */
final class SumLoops {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    /** All lengths are multiples of this. */
    static final int STEP_BYTES = SPECIES.length() * Float.BYTES;

    private SumLoops() {}

    static void add(long left, long right, long target, long bytes) {
        for (long i = 0; i < bytes; i += STEP_BYTES) {
            FloatVector a = FloatVector.fromMemorySegment(SPECIES, ALL, left + i, ORDER);
            FloatVector b = FloatVector.fromMemorySegment(SPECIES, ALL, right + i, ORDER);
            a.add(b).intoMemorySegment(ALL, target + i, ORDER);
        }
    }

    static void divide(long target, long bytes, float divisor) {
        FloatVector by = FloatVector.broadcast(SPECIES, divisor);
        for (long i = 0; i < bytes; i += STEP_BYTES) {
            FloatVector value = FloatVector.fromMemorySegment(SPECIES, ALL, target + i, ORDER);
            value.div(by).intoMemorySegment(ALL, target + i, ORDER);
        }
    }

    static void fold(long target, long[] sources, int count, long bytes) {
        if (count == 2) {
            add(sources[0], sources[1], target, bytes);
            return;
        }
        for (long i = 0; i < bytes; i += STEP_BYTES) {
            FloatVector sum = FloatVector.fromMemorySegment(SPECIES, ALL, sources[0] + i, ORDER);
            for (int source = 1; source < count; source++) {
                sum = sum.add(FloatVector.fromMemorySegment(SPECIES, ALL, sources[source] + i, ORDER));
            }
            sum.intoMemorySegment(ALL, target + i, ORDER);
        }
    }
}
