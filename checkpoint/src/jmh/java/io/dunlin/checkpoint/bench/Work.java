package io.dunlin.checkpoint.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** What is measured. */
public enum Work {
    /** All parity of all data. */
    ENCODE,
    /** As many shards as may be lost, the first ones, of those left. */
    REBUILD,
    /** What one data shard contributes, added to all parity. */
    ACCUMULATE;

    /** Numbers of the shards that are read. */
    List<Integer> inputs(int data, int parity) {
        return range(
                this == REBUILD ? Math.min(data, parity) : 0, data + (this == REBUILD ? Math.min(data, parity) : 0));
    }

    /** Numbers of the shards that are written. */
    List<Integer> outputs(int data, int parity) {
        return this == REBUILD ? range(0, Math.min(data, parity)) : range(data, data + parity);
    }

    /** Shards of data that one pass goes through. */
    int shards(int data) {
        return this == ACCUMULATE ? 1 : data;
    }

    private static List<Integer> range(int first, int end) {
        return new ArrayList<>(IntStream.range(first, end).boxed().toList());
    }
}
