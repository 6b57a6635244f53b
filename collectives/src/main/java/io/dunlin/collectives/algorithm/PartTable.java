package io.dunlin.collectives.algorithm;

import java.util.List;

/** Where each member's part lies among all parts, one after the other. */
final class PartTable {
    private long[] ends = new long[0]; // [member]
    private int count;
    private long hash;

    void set(List<Long> lengthsBytes) {
        count = lengthsBytes.size();
        if (ends.length < count) {
            ends = new long[count];
        }
        long end = 0;
        hash = 0;
        for (int member = 0; member < count; member++) {
            end += lengthsBytes.get(member);
            ends[member] = end;
            hash = (hash ^ end) * 0x9E3779B97F4A7C15L;
        }
    }

    long start(int member) {
        return member == 0 ? 0 : ends[member - 1];
    }

    long bytes(int member) {
        return ends[member] - start(member);
    }

    long totalBytes() {
        return count == 0 ? 0 : ends[count - 1];
    }

    /** The same for the same lengths. */
    long hash() {
        return hash;
    }
}
