package io.dunlin.collectives.algorithm;

import io.dunlin.collectives.wire.Reductions;
import io.dunlin.tensor.DType;
import java.lang.foreign.Arena;

/**
 * One member's algorithms, ready to run one operation at a time, and the choice between them.
 *
 * <p>The choice depends only on what all members know alike. Short messages go directly, one trip; long ones around the
 * ring; BF16 and tree sums by owners, because there the order and the rounding matter.
 */
public final class Repertoire {
    /** All that one member sends directly, at most, before the ring is taken. */
    static final long DIRECT_BYTES = 64 << 10;

    private final int size;
    private final Algorithm[] algorithms;

    private enum Way {
        RING_REDUCE,
        DIRECT_REDUCE,
        OWNER_REDUCE,
        TREE_REDUCE,
        RING_GATHER,
        DIRECT_GATHER,
        CHAIN_BROADCAST,
        DIRECT_BROADCAST,
        DIRECT_BARRIER
    }

    /** The algorithms of member {@code rank} of {@code size}, with working memory from {@code arena}. */
    public Repertoire(int rank, int size, Arena arena) {
        Reductions reductions = new Reductions();
        Scratch arrivals = new Scratch(arena);
        this.size = size;
        this.algorithms = new Algorithm[] {
            new RingAllReduce(rank, size, reductions),
            new DirectAllReduce(rank, size, reductions, arrivals),
            new OwnerAllReduce(rank, size, new RankOrderFold(size, reductions), arrivals),
            new OwnerAllReduce(rank, size, new TreeFold(new Scratch(arena)), arrivals),
            new RingAllGather(rank, size),
            new DirectAllGather(rank, size),
            new ChainBroadcast(rank, size),
            new DirectBroadcast(rank, size),
            new DirectBarrier()
        };
    }

    /** The number of the way that {@code call} is done. */
    public int choose(Call call) {
        long direct = call.lengthBytes() * (size - 1);
        Way way =
                switch (call.kind()) {
                    case ALL_REDUCE ->
                        direct <= DIRECT_BYTES
                                ? Way.DIRECT_REDUCE
                                : call.dtype() == DType.BF16 ? Way.OWNER_REDUCE : Way.RING_REDUCE;
                    case ALL_REDUCE_TREE -> Way.TREE_REDUCE;
                    case ALL_GATHER -> direct <= DIRECT_BYTES ? Way.DIRECT_GATHER : Way.RING_GATHER;
                    case BROADCAST -> direct <= DIRECT_BYTES ? Way.DIRECT_BROADCAST : Way.CHAIN_BROADCAST;
                    case BARRIER -> Way.DIRECT_BARRIER;
                    case NOT_ENTERED -> throw new IllegalArgumentException("nothing was called");
                };
        return way.ordinal();
    }

    /** The algorithm with a number. */
    public Algorithm algorithm(int number) {
        return algorithms[number];
    }
}
