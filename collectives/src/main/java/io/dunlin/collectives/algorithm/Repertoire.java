package io.dunlin.collectives.algorithm;

import io.dunlin.collectives.transport.PeerMemory;
import io.dunlin.collectives.wire.OperationKind;
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

    /** What is shorter goes through streams also where memory is shared: one trip instead of two. */
    private static final long SHORT_BYTES = 8 << 10;

    private final int size;
    private final PeerMemory memory;
    private final Algorithm[] algorithms;

    /** The ways there are; the ordinal is on the wire. */
    enum Way {
        DIRECT,
        PAIRWISE,
        OWNERS,
        TREE_OWNERS,
        RING_REDUCE,
        RING_GATHER,
        CHAIN_BROADCAST,
        SHARED
    }

    /** The algorithms of member {@code rank} of {@code size}, with working memory from {@code arena}. */
    public Repertoire(int rank, int size, PeerMemory memory, Arena arena) {
        Reductions reductions = new Reductions();
        Scratch arrivals = new Scratch(arena);
        Scratch kept = new Scratch(arena);
        Folds folds = new Folds(size, reductions, arena);
        this.size = size;
        this.memory = memory;
        this.algorithms = new Algorithm[] {
            new DirectExchange(rank, size, reductions, arrivals),
            new PairwiseExchange(rank, size, reductions, arrivals),
            new OwnerReduction(rank, size, folds.byRank(), arrivals, kept),
            new OwnerReduction(rank, size, folds.byTree(), arrivals, kept),
            new RingAllReduce(rank, size, reductions),
            new RingAllGather(rank, size),
            new ChainBroadcast(rank, size),
            new SharedExchange(rank, size, memory, folds, new Scratch(arena))
        };
    }

    /** The number of the way that {@code call} is done. */
    public int choose(Call call) {
        if (memory != PeerMemory.NONE && !shortForSharing(call)) {
            return Way.SHARED.ordinal();
        }
        return way(call, call.lengthBytes() * (size - 1) <= DIRECT_BYTES).ordinal();
    }

    private static boolean shortForSharing(Call call) {
        return switch (call.kind()) {
            case BARRIER -> true;
            case ALL_TO_ALL -> false; // how long it is differs from member to member
            default -> call.lengthBytes() <= SHORT_BYTES;
        };
    }

    private static Way way(Call call, boolean shortOne) {
        if (call.kind() == OperationKind.ALL_REDUCE_TREE) {
            return Way.TREE_OWNERS;
        }
        if (shortOne && call.kind() != OperationKind.ALL_TO_ALL) {
            return Way.DIRECT;
        }
        return switch (call.kind()) {
            case ALL_REDUCE -> rounds(call.dtype()) ? Way.OWNERS : Way.RING_REDUCE;
            case REDUCE_SCATTER, REDUCE -> Way.OWNERS;
            case ALL_GATHER -> Way.RING_GATHER;
            case ALL_TO_ALL -> Way.PAIRWISE;
            case BROADCAST -> Way.CHAIN_BROADCAST;
            default -> Way.DIRECT;
        };
    }

    /** Whether every addition in the element type would round or overflow, so that all must be added at once. */
    private static boolean rounds(DType dtype) {
        return dtype == DType.BF16 || dtype == DType.I8;
    }

    /** The algorithm with a number. */
    public Algorithm algorithm(int number) {
        return algorithms[number];
    }
}
