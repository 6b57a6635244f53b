package io.dunlin.parallel.shard;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Group;
import io.dunlin.collectives.Priority;
import io.dunlin.collectives.Topology;
import io.dunlin.collectives.engine.LoopbackWorld;
import io.dunlin.collectives.engine.RankCommunicators;
import io.dunlin.collectives.transport.LoopbackFabric;
import io.dunlin.parallel.Ranks;
import io.dunlin.parallel.Ranks.Ending;
import io.dunlin.parallel.mesh.Mesh;
import io.dunlin.parallel.mesh.ShardDegrees;
import java.time.Duration;
import java.util.List;

/** The ranks of a mesh in this process, with all their communicators. */
record MeshRanks(Topology topology, ShardDegrees degrees, Quantization quantization) {
    interface Program<T> {
        T run(Mesh mesh, MeshCommunicators communicators) throws Exception;
    }

    /** How each rank ended. */
    <T> List<Ending<T>> endings(Program<T> program) {
        LoopbackFabric fabric = LoopbackFabric.ofRanks(topology.size());
        List<RankCommunicators> ranks = LoopbackWorld.ranksOf(fabric, 1, Duration.ofSeconds(20));
        try {
            return Ranks.endings(topology.size(), rank -> () -> {
                Mesh mesh = Mesh.of(degrees, topology, rank);
                RankCommunicators mine = ranks.get(rank);
                Communicator world = mine.open(Group.world(topology.size()), Priority.GRADIENTS);
                return program.run(mesh, MeshCommunicators.open(mesh, quantization, world, mine::open));
            });
        } finally {
            ranks.forEach(RankCommunicators::close);
        }
    }

    /** What each rank returned. */
    <T> List<T> all(Program<T> program) {
        return endings(program).stream()
                .map(ending -> switch (ending) {
                    case Ending.Result<T>(T value) -> value;
                    case Ending.Failure<T>(Throwable cause) -> throw new AssertionError("a rank failed", cause);
                })
                .toList();
    }
}
