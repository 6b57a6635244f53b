package io.dunlin.parallel;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Group;
import io.dunlin.collectives.Priority;
import io.dunlin.collectives.Topology;
import io.dunlin.collectives.algorithm.AlgorithmTable;
import io.dunlin.collectives.engine.LoopbackWorld;
import io.dunlin.collectives.engine.RankCommunicators;
import io.dunlin.collectives.transport.LoopbackFabric;
import io.dunlin.parallel.SmallRun.Outcome;
import io.dunlin.parallel.mesh.Mesh;
import io.dunlin.parallel.shard.MeshCommunicators;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Ranks of one process, joined by the loopback transport. */
final class LoopbackRanks {
    private LoopbackRanks() {}

    /** Trains on so many ranks over perfect links. */
    static List<Outcome> train(int ranks, SmallRun run) {
        try (LoopbackWorld world = LoopbackWorld.ofRanks(ranks)) {
            return train(world, ranks, run);
        }
    }

    /** Trains on the ranks of a topology, and puts together what they end with. */
    static Outcome train(Topology topology, SmallRun run) {
        LoopbackFabric fabric = LoopbackFabric.ofRanks(topology.size());
        List<RankCommunicators> ranks =
                LoopbackWorld.ranksOf(fabric, topology, AlgorithmTable.EMPTY, Duration.ofSeconds(60));
        try {
            return Outcome.together(Ranks.all(topology.size(), rank -> () -> {
                RankCommunicators mine = ranks.get(rank);
                Communicator world = mine.open(Group.world(topology.size()), Priority.GRADIENTS);
                return run.rank(topology, rank, world, mine::open);
            }));
        } finally {
            ranks.forEach(RankCommunicators::close);
        }
    }

    /** Bytes that all ranks together send in one step, by purpose and distance: {@code weights CLUSTER}. */
    static Map<String, Long> bytesOfAStep(Topology topology, AlgorithmTable table, SmallRun run) {
        Map<String, Long> bytes = new TreeMap<>(bytes(topology, table, run.steps(3)));
        bytes(topology, table, run.steps(2)).forEach((flow, before) -> bytes.merge(flow, -before, Long::sum));
        bytes.values().removeIf(count -> count == 0);
        return bytes;
    }

    private static Map<String, Long> bytes(Topology topology, AlgorithmTable table, SmallRun run) {
        LoopbackFabric fabric = LoopbackFabric.ofRanks(topology.size());
        List<RankCommunicators> ranks = LoopbackWorld.ranksOf(fabric, topology, table, Duration.ofSeconds(60));
        Map<String, Long> sums = new TreeMap<>();
        try {
            Ranks.all(topology.size(), rank -> () -> {
                        RankCommunicators mine = ranks.get(rank);
                        Mesh mesh = Mesh.of(run.degrees(), topology, rank);
                        MeshCommunicators communicators =
                                MeshCommunicators.open(mesh, mine.open(mesh.world(), Priority.GRADIENTS), mine::open);
                        run.rank(mesh, communicators);
                        communicators.world().barrier().await();
                        return communicators.traffic();
                    })
                    .forEach(traffic -> traffic.forEach(
                            flow -> sums.merge(flow.purpose() + " " + flow.distance(), flow.bytes(), Long::sum)));
        } finally {
            ranks.forEach(RankCommunicators::close);
        }
        return sums;
    }

    /** Trains on all ranks of a world. */
    static List<Outcome> train(LoopbackWorld world, int ranks, SmallRun run) {
        return Ranks.all(ranks, rank -> () -> run.rank(world.communicator(rank)));
    }
}
