package io.dunlin.collectives.algorithm;

import io.dunlin.collectives.Media;
import io.dunlin.collectives.ReductionOrder;
import io.dunlin.collectives.Topology;
import io.dunlin.collectives.transport.PeerMemory;
import io.dunlin.collectives.wire.OperationKind;
import io.dunlin.collectives.wire.Reductions;
import java.lang.foreign.Arena;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One member's algorithms, ready to run one operation at a time, and the choice between them: what was measured, else what
 * formulas say, among the ways that keep the promised order and rounding.
 *
 * <p>The choice depends only on what all members know alike.
 */
public final class Repertoire {
    private static final Way[] WAYS = Way.values();
    private static final OperationKind[] KINDS = OperationKind.values();

    private final Tuning tuning;
    private final int size;
    private final Media media;
    private final AlgorithmTable table;
    private final CostModel costs;
    private final @Nullable Algorithm[][] algorithms = new Algorithm[WAYS.length][KINDS.length]; // [way][kind]

    /**
     * The algorithms of one member of a group.
     *
     * @param memory of the peers on this host
     * @param arena of their working memory
     */
    public Repertoire(int rank, Tuning tuning, Media media, PeerMemory memory, Arena arena) {
        Topology given = tuning.topology();
        Topology topology = given.hosts() == 1 ? given.insideHost(0) : given;
        this.tuning = tuning;
        this.size = topology.size();
        this.media = media;
        this.table = tuning.table().only(size, media);
        this.costs = new CostModel(topology, media, tuning.networkBytesPerSecond());
        Reductions reductions = new Reductions();
        Scratch arrivals = new Scratch(arena);
        Scratch kept = new Scratch(arena);
        Folds folds = new Folds(size, reductions, arena);
        teach(Way.DIRECT, new DirectExchange(rank, size, reductions, arrivals));
        teach(Way.PAIRWISE, new PairwiseExchange(rank, size, reductions, arrivals));
        teach(Way.OWNERS, new OwnerReduction(rank, size, folds.byRank(), arrivals, kept));
        teach(Way.TREE, new OwnerReduction(rank, size, folds.byTree(), arrivals, kept));
        teach(Way.BIDIRECTIONAL, new BidirectionalRingAllReduce(rank, size, reductions));
        teach(Way.DOUBLING, new RecursiveDoubling(rank, size, reductions));
        teach(Way.HALVING_DOUBLING, new HalvingDoubling(rank, size, reductions));
        teach(Way.RING, OperationKind.ALL_REDUCE, new RingAllReduce(rank, size, reductions));
        teach(Way.RING, OperationKind.REDUCE_SCATTER, new RingReduceScatter(rank, size, reductions, arrivals));
        teach(Way.RING, OperationKind.ALL_GATHER, new RingAllGather(rank, size));
        teach(Way.CHAIN, OperationKind.BROADCAST, new ChainBroadcast(rank, size));
        teach(Way.CHAIN, OperationKind.REDUCE, new ChainReduce(rank, size, reductions, arrivals));
        if (Way.SHARED.isFor(media, topology)) {
            teach(Way.SHARED, new SharedExchange(rank, size, memory, folds, new Scratch(arena)));
        }
        if (Way.HIERARCHICAL.isFor(media, topology)) {
            teach(Way.HIERARCHICAL, hierarchical(rank, topology, memory, arena));
        }
    }

    /**
     * Each phase has algorithms of its own, because all phases of an operation begin at once. Inside a host of several
     * packages they may be hierarchical again.
     */
    private Hierarchical hierarchical(int rank, Topology topology, PeerMemory memory, Arena arena) {
        int host = topology.hostOf(rank);
        List<Integer> local = topology.membersOfHost(host);
        PeerMemory ofLocal = memory.among(local);
        Media amongLocal = memory == PeerMemory.NONE ? media.insideHost() : Media.SHARED_MEMORY;
        Tuning inside = tuning.withTopology(topology.insideHost(host));
        Tuning across = tuning.withTopology(Topology.oneHost(topology.hosts()));
        return new Hierarchical(
                rank,
                topology,
                new Repertoire(topology.localIndex(rank), inside, amongLocal, ofLocal, arena),
                new Repertoire(host, across, media.acrossHosts(), PeerMemory.NONE, arena),
                new Repertoire(topology.localIndex(rank), inside, amongLocal, ofLocal, arena),
                new Reductions(),
                new Scratch(arena));
    }

    private void teach(Way way, Algorithm algorithm) {
        for (OperationKind kind : KINDS) {
            if (way.does(kind)) {
                teach(way, kind, algorithm);
            }
        }
    }

    private void teach(Way way, OperationKind kind, Algorithm algorithm) {
        algorithms[way.ordinal()][kind.ordinal()] = algorithm;
    }

    /** The way that {@code call} is done. */
    public Way choose(Call call) {
        OperationKind kind = call.kind();
        if (size == 1 && kind != OperationKind.ALL_REDUCE_TREE) {
            return Way.DIRECT;
        }
        Way measured = table.find(kind, size, media, call.lengthBytes());
        if (measured != null && fits(measured, call)) {
            return measured;
        }
        if (kind == OperationKind.ALL_REDUCE_TREE || kind == OperationKind.ALL_TO_ALL) {
            Way streams = kind == OperationKind.ALL_REDUCE_TREE ? Way.TREE : Way.PAIRWISE;
            return fits(Way.SHARED, call) ? Way.SHARED : streams;
        }
        Way best = Way.DIRECT;
        double bestNs = costs.ns(best, kind, call.lengthBytes());
        for (Way way : WAYS) {
            if (fits(way, call)) {
                double ns = costs.ns(way, kind, call.lengthBytes());
                if (ns < bestNs) {
                    best = way;
                    bestNs = ns;
                }
            }
        }
        return best;
    }

    /** Whether the way keeps what is promised for this call. */
    private boolean fits(Way way, Call call) {
        OperationKind kind = call.kind();
        boolean anyOrder = tuning.order() == ReductionOrder.FASTEST || !Way.combines(kind);
        return algorithms[way.ordinal()][kind.ordinal()] != null
                && way.does(kind, call.dtype(), call.op())
                && (anyOrder || way.inRankOrder());
    }

    /** What does operations of one kind in one way; only if the way is chosen for one. */
    public Algorithm algorithm(Way way, OperationKind kind) {
        Algorithm algorithm = algorithms[way.ordinal()][kind.ordinal()];
        if (algorithm == null) {
            throw new IllegalArgumentException("no %s by way of %s".formatted(kind.label(), way.label()));
        }
        return algorithm;
    }
}
