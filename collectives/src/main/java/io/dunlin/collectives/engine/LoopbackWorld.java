package io.dunlin.collectives.engine;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Group;
import io.dunlin.collectives.ReductionOrder;
import io.dunlin.collectives.Topology;
import io.dunlin.collectives.algorithm.AlgorithmTable;
import io.dunlin.collectives.algorithm.Tuning;
import io.dunlin.collectives.transport.LoopbackFabric;
import io.dunlin.collectives.transport.LoopbackSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A world of ranks in this JVM, one communicator and one communication thread each, over a {@link LoopbackFabric}.
 *
 * <pre>{@code
 * try (LoopbackWorld world = LoopbackWorld.ofRanks(4)) {
 *     // in the thread of each rank:
 *     world.communicator(rank).allReduce(data, DType.F32, ReduceOp.SUM).await();
 * }
 * }</pre>
 */
public final class LoopbackWorld implements AutoCloseable {
    private final LoopbackFabric fabric;
    private final List<Communicator> communicators;

    private LoopbackWorld(LoopbackFabric fabric, List<Communicator> communicators) {
        this.fabric = fabric;
        this.communicators = List.copyOf(communicators);
    }

    /** Perfect links, ten seconds for everything. */
    public static LoopbackWorld ofRanks(int ranks) {
        return of(LoopbackSettings.ofRanks(ranks), Duration.ofSeconds(10));
    }

    /** A world as described; {@code operationTimeout} as in {@link CommunicatorSettings}. */
    public static LoopbackWorld of(LoopbackSettings settings, Duration operationTimeout) {
        return on(LoopbackFabric.of(settings), 1, operationTimeout);
    }

    /** The same, with members who choose algorithms by {@code tuning}. */
    public static LoopbackWorld of(LoopbackSettings settings, Duration operationTimeout, Tuning tuning) {
        return on(LoopbackFabric.of(settings), 1, operationTimeout, tuning);
    }

    /** Perfect links, ten seconds for everything, as many ranks as the tuning's topology has. */
    public static LoopbackWorld tuned(Tuning tuning) {
        return on(LoopbackFabric.ofRanks(tuning.topology().size()), 1, Duration.ofSeconds(10), tuning);
    }

    /** A generation of all ranks of a fabric. */
    public static LoopbackWorld on(LoopbackFabric fabric, int generation, Duration operationTimeout) {
        return on(fabric, generation, operationTimeout, Tuning.standard(fabric.ranks()));
    }

    private static LoopbackWorld on(LoopbackFabric fabric, int generation, Duration operationTimeout, Tuning tuning) {
        List<Communicator> communicators = new ArrayList<>();
        for (int rank = 0; rank < fabric.ranks(); rank++) {
            CommunicatorSettings settings = new CommunicatorSettings(
                            "loopback",
                            generation,
                            Group.world(fabric.ranks()),
                            rank,
                            Duration.ofSeconds(10),
                            operationTimeout)
                    .withTuning(tuning);
            communicators.add(
                    fabric.ranks() == 1
                            ? new SoloCommunicator(settings.group())
                            : StreamCommunicator.start(settings, fabric.transport(rank, generation), fabric::nowNs));
        }
        return new LoopbackWorld(fabric, communicators);
    }

    /** All that each rank of a fabric needs to open communicators of its own, by rank; the caller closes them. */
    public static List<RankCommunicators> ranksOf(LoopbackFabric fabric, int generation, Duration operationTimeout) {
        List<RankCommunicators> ranks = new ArrayList<>();
        for (int rank = 0; rank < fabric.ranks(); rank++) {
            RankCommunicators.World world = new RankCommunicators.World(
                    "loopback", generation, rank, fabric.ranks(), Duration.ofSeconds(10), operationTimeout);
            ranks.add(RankCommunicators.over(world, fabric.transports(rank), fabric::nowNs));
        }
        return ranks;
    }

    /** The same, on hosts of a topology and with algorithms of a table. */
    public static List<RankCommunicators> ranksOf(
            LoopbackFabric fabric, Topology topology, AlgorithmTable table, Duration operationTimeout) {
        List<RankCommunicators> ranks = new ArrayList<>();
        for (int rank = 0; rank < fabric.ranks(); rank++) {
            RankCommunicators.World world = new RankCommunicators.World(
                    "loopback",
                    1,
                    rank,
                    fabric.ranks(),
                    Duration.ofSeconds(10),
                    operationTimeout,
                    ReductionOrder.FASTEST,
                    table,
                    Tuning.STANDARD_NETWORK_BYTES_PER_SECOND,
                    Optional.of(topology));
            ranks.add(RankCommunicators.over(world, fabric.transports(rank), fabric::nowNs));
        }
        return ranks;
    }

    /** What joins the ranks: the place to cause failures. */
    public LoopbackFabric fabric() {
        return fabric;
    }

    /** One rank's communicator. */
    public Communicator communicator(int rank) {
        return communicators.get(rank);
    }

    /** All communicators, by rank. */
    public List<Communicator> communicators() {
        return communicators;
    }

    @Override
    public void close() {
        communicators.forEach(Communicator::close);
    }
}
