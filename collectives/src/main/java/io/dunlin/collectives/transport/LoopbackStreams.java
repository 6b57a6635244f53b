package io.dunlin.collectives.transport;

import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.random.RandomGeneratorFactory;

/** All streams of one generation or group, and who has joined and left it. */
final class LoopbackStreams {
    private static final int CONTROL_STREAM_BYTES = 16 << 10;
    private static final int LANES = Lane.values().length;
    private static final int JOINED = 1;
    private static final int LEFT = 2;

    private final int ranks;
    private final LoopbackStream[] streams; // [from][to][lane]; those from a rank to itself carry nothing
    private final AtomicIntegerArray presence; // [rank]

    LoopbackStreams(LoopbackSettings settings) {
        this.ranks = settings.ranks();
        this.streams = new LoopbackStream[ranks * ranks * LANES];
        this.presence = new AtomicIntegerArray(ranks);
        for (int index = 0; index < streams.length; index++) {
            boolean data = index % LANES != Lane.CONTROL.ordinal();
            streams[index] = new LoopbackStream(
                    data ? settings.dataStreamBytes() : CONTROL_STREAM_BYTES,
                    settings.shape(),
                    settings.clockNs(),
                    RandomGeneratorFactory.of("L64X128MixRandom").create(settings.seed() * 1_000_003 + index));
        }
    }

    int index(int from, int to, Lane lane) {
        return (from * ranks + to) * LANES + lane.ordinal();
    }

    LoopbackStream at(int index) {
        return streams[index];
    }

    LoopbackStream from(int from, int to, Lane lane) {
        return streams[index(from, to, lane)];
    }

    void join(int rank) {
        presence.set(rank, JOINED);
    }

    void leave(int rank) {
        presence.set(rank, LEFT);
    }

    /** Whether nobody who has joined is still there. */
    boolean deserted() {
        for (int rank = 0; rank < ranks; rank++) {
            if (joined(rank)) {
                return false;
            }
        }
        return true;
    }

    boolean joined(int rank) {
        return presence.get(rank) == JOINED;
    }

    boolean left(int rank) {
        return presence.get(rank) == LEFT;
    }
}
