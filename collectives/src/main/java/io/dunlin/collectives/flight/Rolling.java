package io.dunlin.collectives.flight;

import java.util.Arrays;

/** The last few values of something, and what is usual among them. */
final class Rolling {
    private final long[] values;
    private long count;

    Rolling(int size) {
        this.values = new long[size];
    }

    void add(long value) {
        values[(int) (count++ % values.length)] = value;
    }

    long count() {
        return count;
    }

    private long[] sorted() {
        long[] known = Arrays.copyOf(values, (int) Math.min(count, values.length));
        Arrays.sort(known);
        return known;
    }

    /** The middle one, the lower of two; 0 if there are none. */
    long median() {
        return lowerMedian(sorted());
    }

    /** The middle of the distances from the middle. */
    long deviation() {
        long[] known = sorted();
        long middle = lowerMedian(known);
        for (int i = 0; i < known.length; i++) {
            known[i] = Math.abs(known[i] - middle);
        }
        Arrays.sort(known);
        return lowerMedian(known);
    }

    /** The value that a share of all do not exceed. */
    long quantile(double share) {
        long[] known = sorted();
        return known.length == 0 ? 0 : known[(int) Math.ceil(share * known.length) - 1];
    }

    private static long lowerMedian(long[] sorted) {
        return sorted.length == 0 ? 0 : sorted[(sorted.length - 1) / 2];
    }

    /** The middle one of some values, the lower of two. */
    static long medianOf(long[] some) {
        long[] sorted = some.clone();
        Arrays.sort(sorted);
        return lowerMedian(sorted);
    }
}
