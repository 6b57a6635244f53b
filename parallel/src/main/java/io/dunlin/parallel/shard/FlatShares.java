package io.dunlin.parallel.shard;

import io.dunlin.nn.Parameter;
import io.dunlin.nn.ParameterSlice;
import io.dunlin.nn.Trained;
import io.dunlin.train.GradientExchange.Range;
import java.util.ArrayList;
import java.util.List;

/**
 * Who owns which elements of the flat buffers of a model: each rank one range, as large as any other or one cache line
 * larger. Nothing has to divide anything, and padding is never stored (Rajbhandari et al., "ZeRO", 2020, section 5).
 */
public final class FlatShares {
    /** Shares begin on cache lines of F32, as tensors in the flat buffers do. */
    private static final long LINE_ELEMENTS = 16;

    private final long elements;
    private final int ranks;

    /**
     * Cuts a flat buffer.
     *
     * @param elements of it
     * @param ranks that share it
     */
    public FlatShares(long elements, int ranks) {
        if (elements < 0 || ranks < 1) {
            throw new IllegalArgumentException("%d elements for %d ranks".formatted(elements, ranks));
        }
        this.elements = elements;
        this.ranks = ranks;
    }

    /** What a rank owns. */
    public Range of(int rank) {
        long begin = begin(rank);
        return new Range(begin, begin(rank + 1) - begin);
    }

    private long begin(int rank) {
        long lines = Math.ceilDiv(elements, LINE_ELEMENTS);
        // Without the overflow that lines * rank would have for large models.
        long line = lines / ranks * rank + lines % ranks * rank / ranks;
        return Math.min(elements, line * LINE_ELEMENTS);
    }

    /** How many elements of {@code offset} to {@code offset + length} each rank owns. */
    public List<Long> lengths(long offset, long length) {
        List<Long> lengths = new ArrayList<>();
        for (int rank = 0; rank < ranks; rank++) {
            long from = Math.max(offset, begin(rank));
            long to = Math.min(offset + length, begin(rank + 1));
            lengths.add(Math.max(0, to - from));
        }
        return lengths;
    }

    /** What a rank owns of each of {@code parameters}, in their order; those of which it owns nothing are left out. */
    public List<Trained> owned(List<Parameter> parameters, int rank) {
        Range range = of(rank);
        List<Trained> owned = new ArrayList<>();
        for (Parameter parameter : parameters) {
            long first = Math.max(range.offset(), parameter.flatOffset());
            long end = Math.min(
                    range.offset() + range.length(),
                    parameter.flatOffset() + parameter.shape().elements());
            if (end - first == parameter.shape().elements()) {
                owned.add(parameter);
            } else if (end > first) {
                owned.add(new ParameterSlice(parameter, first - parameter.flatOffset(), end - first));
            }
        }
        return owned;
    }
}
