package io.dunlin.parallel.shard;

import io.dunlin.model.Model;
import io.dunlin.model.Pass;
import io.dunlin.model.Precision;
import io.dunlin.model.WeightStore;
import io.dunlin.model.WholeWeights;
import io.dunlin.parallel.mesh.Mesh;
import io.dunlin.parallel.mesh.ShardPlan;
import io.dunlin.tensor.DType;
import io.dunlin.train.Accumulation;
import io.dunlin.train.GradientAccumulator;
import io.dunlin.train.GradientExchange;
import io.dunlin.train.LocalExecutor;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The parts of one rank's training that depend on how tensors are sharded; data parallelism is the case where none is.
 *
 * <p>In the order of their making: the store of the weights, then the model, then what is exchanged, then the executor.
 *
 * @param mesh where this rank stands
 * @param communicators of the mesh
 * @param settings the same on all ranks
 */
public record Sharding(Mesh mesh, MeshCommunicators communicators, Settings settings) {
    /**
     * What does not change during a run.
     *
     * @param accumulation TREE for the deterministic mode
     * @param bucketBytes of gradients that are not sharded, to exchange at a time
     * @param stagingSlots buckets that may be on their way where the host does not reach gradients
     * @param deadline for a bucket on its way
     * @param quantization of what crosses between ranks
     */
    public record Settings(
            Accumulation accumulation,
            long bucketBytes,
            int stagingSlots,
            Duration deadline,
            Quantization quantization) {
        /** Without quantisation. */
        public Settings(Accumulation accumulation, long bucketBytes, int stagingSlots, Duration deadline) {
            this(accumulation, bucketBytes, stagingSlots, deadline, Quantization.NONE);
        }
    }

    /**
     * Where a model's weights are to be.
     *
     * @throws io.dunlin.parallel.ParallelException {@code DUN-535} if these are not to be quantised as the settings say
     */
    public WeightStore weights(WeightStore.Needs needs) {
        settings.quantization.check(
                mesh.degrees(),
                settings.accumulation,
                needs.precision() == Precision.F32
                        ? DType.F32
                        : needs.precision().activations());
        return mesh.degrees().replicated()
                ? WholeWeights.open(needs)
                : new ShardedWeights(
                        mesh,
                        communicators,
                        needs,
                        new QuantizedTransfers(settings.quantization, communicators.world()));
    }

    /** The quantised transfers of a model whose weights are in a store of this sharding: what was measured, and state. */
    public QuantizedTransfers transfers(Model model) {
        return model.weights() instanceof ShardedWeights weights
                ? weights.transfers()
                : new QuantizedTransfers(Quantization.NONE, communicators.world());
    }

    /** What the ranks exchange once a step; whoever asks, once for a model, closes it. */
    public GradientExchange exchange(Model model) {
        if (communicators.world().size() == 1) {
            return GradientExchange.ALONE;
        }
        DataParallelExchange.Members members =
                new DataParallelExchange.Members(communicators.world(), communicators.boundary());
        Staging staging = new Staging(model.device(), model.stream(), settings.stagingSlots, settings.deadline);
        if (mesh.degrees().replicated()) {
            GradientBuckets buckets = GradientBuckets.of(model.flatElements(), settings.bucketBytes);
            return whole(members, buckets, staging);
        }
        ShardPlan plan = ShardedWeights.plan(mesh, model.units());
        GradientBuckets buckets = GradientBuckets.ofUnits(IntStream.range(0, plan.units())
                .mapToObj(unit -> plan.gradients(unit, mesh.rank()).length())
                .toList());
        if (settings.accumulation == Accumulation.TREE || !mesh.scattersAtBoundary()) {
            return whole(members, buckets, staging);
        }
        List<Integer> holders = communicators.boundary().group().ranks();
        List<List<Long>> lengths = buckets.all().stream()
                .map(bucket -> buckets.count() - 1 - bucket.number())
                .map(unit -> holders.stream()
                        .map(rank -> plan.optimizer(unit, rank).length())
                        .toList())
                .toList();
        BucketParts parts =
                new BucketParts(buckets, lengths, communicators.boundary().rank());
        ScatterReduction reduction = settings.quantization.gradients() == 0
                ? new ScatterReduction(communicators.boundary(), parts)
                : new ScatterReduction(parts, quantizedScatters(model).boundary(communicators.boundaryHops()));
        return DataParallelExchange.scattering(members, reduction, staging);
    }

    private QuantizedScatters quantizedScatters(Model model) {
        ShardedWeights weights = (ShardedWeights) model.weights();
        return new QuantizedScatters(mesh, weights.plan(), weights.transfers(), model);
    }

    private GradientExchange whole(DataParallelExchange.Members members, GradientBuckets buckets, Staging staging) {
        return switch (settings.accumulation) {
            case RUNNING -> DataParallelExchange.fast(members, buckets, staging);
            case TREE -> DataParallelExchange.deterministic(members, buckets, staging);
        };
    }

    /**
     * Forward and backward of this rank.
     *
     * @param model whose weights are in a store of this sharding
     * @param pass planned to train
     */
    public LocalExecutor executor(Model model, Pass pass, GradientExchange exchange) {
        return new LocalExecutor(model, pass, exchange, accumulator(model), settings.accumulation.norm(model));
    }

    private GradientAccumulator accumulator(Model model) {
        if (mesh.gradientDegree() == 1) {
            return settings.accumulation.of(model);
        }
        ShardedWeights weights = (ShardedWeights) model.weights();
        TurnReduction reduction =
                switch (settings.accumulation) {
                    case RUNNING -> new RunningTurns(mesh.rank(), model, weights.plan(), scatter(model, weights));
                    case TREE -> new TreeTurns(communicators.gradients(), model, weights.plan());
                };
        return new ScatteringAccumulator(model, weights, reduction);
    }

    private PartScatter scatter(Model model, ShardedWeights weights) {
        return settings.quantization.gradients() == 0
                ? new ExactScatter(communicators.gradients(), weights.plan())
                : quantizedScatters(model).turns(communicators.gradientHops());
    }
}
