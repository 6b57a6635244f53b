package io.dunlin.parallel.shard;

import io.dunlin.model.Unit;
import io.dunlin.nn.Parameter;
import io.dunlin.parallel.mesh.ShardPlan.Range;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * What lies between the parameters of a unit. Nobody reads it, but it shares blocks, and so scales, with elements that
 * somebody does read: a NaN there would reach them.
 */
final class Padding {
    private final long[] starts; // elements of a range
    private final long[] ends;

    private Padding(List<Range> gaps) {
        starts = gaps.stream().mapToLong(Range::offset).toArray();
        ends = gaps.stream().mapToLong(Range::end).toArray();
    }

    /** The padding in some elements of a unit. */
    static Padding of(Unit unit, Range range) {
        List<Range> gaps = new ArrayList<>();
        long end = 0; // of the parameter before
        for (Parameter parameter : unit.parameters()) {
            long start = parameter.flatOffset() - unit.offset();
            add(gaps, range, end, start);
            end = start + parameter.shape().elements();
        }
        add(gaps, range, end, unit.length());
        return new Padding(gaps);
    }

    private static void add(List<Range> gaps, Range range, long start, long end) {
        long from = Math.max(start, range.offset());
        long to = Math.min(end, range.end());
        if (from < to) {
            gaps.add(new Range(from - range.offset(), to - from));
        }
    }

    /** Makes it zero. */
    void clear(MemorySegment memory, int elementBytes) {
        for (int gap = 0; gap < starts.length; gap++) {
            for (long at = starts[gap] * elementBytes; at < ends[gap] * elementBytes; at++) {
                memory.set(ValueLayout.JAVA_BYTE, at, (byte) 0);
            }
        }
    }
}
