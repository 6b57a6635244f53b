package io.dunlin.parallel;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Group;
import io.dunlin.collectives.Priority;
import io.dunlin.collectives.Topology;
import io.dunlin.collectives.engine.LoopbackWorld;
import io.dunlin.collectives.engine.RankCommunicators;
import io.dunlin.collectives.transport.LoopbackFabric;
import io.dunlin.parallel.SmallRun.Outcome;
import io.dunlin.parallel.mesh.Mesh;
import io.dunlin.parallel.mesh.ShardDegrees;
import io.dunlin.parallel.shard.MeshCommunicators;
import io.dunlin.parallel.shard.Quantization;
import io.dunlin.parallel.shard.QuantizedTransfers;
import io.dunlin.parallel.shard.QuantizedTransfers.Measured;
import io.dunlin.parallel.shard.Sharding;
import io.dunlin.tensor.NamedTensor;
import io.dunlin.tensor.TensorSlice;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/** Ranks of one process that train with quantised transfers. */
final class QuantizedRanks {
    private QuantizedRanks() {}

    /**
     * What all ranks saw.
     *
     * @param measured on the first rank; all have agreed on the same
     * @param saved what each rank would save
     */
    record Result(Outcome outcome, List<Measured> measured, List<List<TensorSlice>> saved) {
        /** The loss, on average over some steps. */
        double loss(int fromStep, int toStep) {
            return outcome.losses().subList(fromStep, toStep).stream()
                    .mapToDouble(Double::doubleValue)
                    .average()
                    .orElseThrow();
        }
    }

    private record OfRank(Outcome outcome, List<Measured> measured, List<TensorSlice> saved) {}

    static Result train(Topology topology, SmallRun run, ShardDegrees degrees, Quantization quantization) {
        LoopbackFabric fabric = LoopbackFabric.ofRanks(topology.size());
        List<RankCommunicators> ranks = LoopbackWorld.ranksOf(fabric, 1, Duration.ofSeconds(60));
        try {
            List<OfRank> results = Ranks.all(
                    topology.size(),
                    rank -> () -> rank(Mesh.of(degrees, topology, rank), run, quantization, ranks.get(rank)));
            OfRank first = results.getFirst();
            results.forEach(other -> {
                if (!other.measured.equals(first.measured)) {
                    throw new AssertionError("%s and %s".formatted(first.measured, other.measured));
                }
            });
            return new Result(
                    Outcome.together(results.stream().map(OfRank::outcome).toList()),
                    first.measured,
                    results.stream().map(OfRank::saved).toList());
        } finally {
            ranks.forEach(RankCommunicators::close);
        }
    }

    private static OfRank rank(Mesh mesh, SmallRun run, Quantization quantization, RankCommunicators mine) {
        Communicator world = mine.open(Group.world(mesh.positions().size()), Priority.GRADIENTS);
        Sharding sharding = new Sharding(
                mesh,
                MeshCommunicators.open(mesh, quantization, world, mine::open),
                new Sharding.Settings(run.accumulation(), run.bucketBytes(), 3, Duration.ofSeconds(30), quantization));
        AtomicReference<QuantizedTransfers> transfers = new AtomicReference<>();
        Outcome outcome =
                run.prepared(model -> transfers.set(sharding.transfers(model))).train(sharding);
        List<TensorSlice> saved =
                transfers.get().saved().stream().map(NamedTensor::slice).toList();
        return new OfRank(outcome, transfers.get().measured(), saved);
    }
}
