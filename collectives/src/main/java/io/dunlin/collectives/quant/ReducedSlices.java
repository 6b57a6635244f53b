package io.dunlin.collectives.quant;

import java.util.ArrayList;
import java.util.List;

/**
 * What the ranks of a {@link TwoLevelGroup} end with when a tensor is reduced and scattered: each a slice, by the number
 * of the rank in that group. Slices may lie in any order, differ in length and be empty.
 *
 * @param starts first element of each rank's slice
 * @param lengths elements of each
 * @param total of the contributions of all ranks
 */
public record ReducedSlices(List<Long> starts, List<Long> lengths, Total total) {
    /** What becomes of the contributions. */
    public enum Total {
        /**
         * Their sum, and nothing is divided: for gradients that each rank has scaled already. A mean that is multiplied
         * by the number of ranks would be rounded twice more.
         */
        SUM,
        /** Their sum divided by the number of ranks: the only division there is, whatever the number of hops. */
        MEAN
    }

    /** Copies the lists. */
    public ReducedSlices {
        starts = List.copyOf(starts);
        lengths = List.copyOf(lengths);
        if (starts.size() != lengths.size()) {
            throw new IllegalArgumentException("%d starts of %d slices".formatted(starts.size(), lengths.size()));
        }
    }

    /** One after the other in the order of ranks, as even as can be. */
    public static ReducedSlices even(TwoLevelGroup group, long elements, Total total) {
        List<Long> starts = new ArrayList<>();
        List<Long> lengths = new ArrayList<>();
        for (int rank = 0; rank < group.size(); rank++) {
            starts.add(group.sliceStart(elements, rank));
            lengths.add(group.sliceElements(elements, rank));
        }
        return new ReducedSlices(starts, lengths, total);
    }

    /** Elements of all slices. */
    public long elements() {
        return lengths.stream().mapToLong(Long::longValue).sum();
    }

    /** How many elements this rank sums up for its host: what an {@link ErrorFeedback} of the second hop remembers. */
    public long hostSumElements(TwoLevelGroup group) {
        long sum = 0;
        for (int host = 0; host < group.hosts(); host++) {
            sum += lengths.get(group.rank(host, group.inner().rank()));
        }
        return sum;
    }

    long start(int rank) {
        return starts.get(rank);
    }

    long length(int rank) {
        return lengths.get(rank);
    }

    /** What the sum is divided by. */
    float divisor() {
        return total == Total.SUM ? 1 : lengths.size();
    }

    /** Refuses another number of slices than there are ranks, and slices that do not make up the tensor. */
    void check(TwoLevelGroup group, TensorSpec tensor) {
        if (lengths.size() != group.size() || elements() != tensor.elements()) {
            throw new IllegalArgumentException("%d slices of %,d elements for %d ranks and a tensor of %,d"
                    .formatted(lengths.size(), elements(), group.size(), tensor.elements()));
        }
        for (int rank = 0; rank < lengths.size(); rank++) {
            if (start(rank) < 0 || start(rank) + length(rank) > tensor.elements()) {
                throw new IllegalArgumentException("elements %,d to %,d of a tensor of %,d"
                        .formatted(start(rank), start(rank) + length(rank), tensor.elements()));
            }
        }
    }
}
