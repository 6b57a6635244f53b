package io.dunlin.collectives.engine;

import io.dunlin.collectives.Topology;
import io.dunlin.collectives.Topology.Scale;
import java.util.concurrent.atomic.AtomicLongArray;

/** Bytes that a member has sent on each level of the topology; one thread counts, any may look. */
final class LevelTraffic {
    private static final int LEVELS = Scale.values().length;

    private final int[] levels; // [member] ordinal of the scale that separates it from this one
    private final AtomicLongArray bytes = new AtomicLongArray(LEVELS);

    LevelTraffic(Topology topology, int rank) {
        levels = new int[topology.size()];
        for (int member = 0; member < levels.length; member++) {
            levels[member] = topology.between(rank, member).ordinal();
        }
    }

    void sent(int peer, int count) {
        int level = levels[peer];
        bytes.lazySet(level, bytes.getPlain(level) + count);
    }

    long bytes(Scale scale) {
        return bytes.get(scale.ordinal());
    }
}
