package io.dunlin.collectives.algorithm;

import java.util.Arrays;

/** Copies of runs of memory, to be made one after the other, a piece at a time. */
final class Copies {
    private final OwnPart run = new OwnPart();
    private long[] sources = new long[16];
    private long[] targets = new long[16];
    private long[] lengths = new long[16];
    private int count;
    private int next;

    void clear() {
        count = 0;
        next = 0;
        run.begin(0, 0, 0);
    }

    void add(long source, long target, long bytes) {
        if (bytes == 0 || source == target) {
            return;
        }
        if (count == sources.length) {
            sources = Arrays.copyOf(sources, 2 * count);
            targets = Arrays.copyOf(targets, 2 * count);
            lengths = Arrays.copyOf(lengths, 2 * count);
        }
        sources[count] = source;
        targets[count] = target;
        lengths[count] = bytes;
        count++;
    }

    boolean advance() {
        if (run.complete() && next < count) {
            run.begin(sources[next], targets[next], lengths[next]);
            next++;
        }
        return run.advance();
    }

    boolean complete() {
        return run.complete() && next == count;
    }
}
