package io.dunlin.collectives.algorithm;

import java.util.List;

/** Where each member's part lies among all parts, one after the other. */
final class PartTable {
    private long[] ends = new long[0]; // [member]
    private int count;
    private long hash;

    void set(List<Long> lengthsBytes) {
        clear(lengthsBytes.size());
        for (int member = 0; member < lengthsBytes.size(); member++) {
            add(lengthsBytes.get(member));
        }
    }

    /** Makes it empty, with room for {@code members}. */
    void clear(int members) {
        count = 0;
        hash = 0;
        if (ends.length < members) {
            ends = new long[members];
        }
    }

    /** The next member's part. */
    void add(long bytes) {
        long end = totalBytes() + bytes;
        ends[count] = end;
        count++;
        hash = (hash ^ end) * 0x9E3779B97F4A7C15L;
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
