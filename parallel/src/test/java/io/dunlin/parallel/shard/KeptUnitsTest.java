package io.dunlin.parallel.shard;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.Topology;
import io.dunlin.collectives.Topology.Scale;
import io.dunlin.data.BatchPlan;
import io.dunlin.device.Device;
import io.dunlin.device.cpu.CpuDevice;
import io.dunlin.device.cpu.CpuOptions;
import io.dunlin.model.BackwardListener;
import io.dunlin.model.Model;
import io.dunlin.model.ModelConfig;
import io.dunlin.model.ModelOutline;
import io.dunlin.model.Pass;
import io.dunlin.model.PassKind;
import io.dunlin.model.Precision;
import io.dunlin.model.Recompute;
import io.dunlin.parallel.mesh.Mesh;
import io.dunlin.parallel.mesh.ShardDegrees;
import io.dunlin.parallel.plan.Planner;
import io.dunlin.parallel.plan.Purpose;
import io.dunlin.parallel.plan.Traffic;
import io.dunlin.parallel.plan.Workload;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which units passes gather, one after the other, and that plans count just those. */
class KeptUnitsTest {
    private static final int ROWS = 2;
    private static final int HEAD = 5; // of four blocks
    private static final Topology TWO_RANKS = Topology.oneHost(2);
    private static final Topology TWO_HOSTS = Topology.ofHosts(List.of("a", "a", "b", "b"));

    private final Device device = CpuDevice.open(CpuOptions.plain());

    @AfterEach
    void close() {
        device.close();
    }

    /** The first rank of a mesh whose others answer at once. */
    private final class FirstRank {
        private final RecordingCommunicator weights;
        private final RecordingCommunicator secondary;
        private final Model model;
        private final Pass pass;

        FirstRank(ModelConfig config, ShardDegrees degrees, Topology topology) {
            Mesh mesh = Mesh.of(degrees, topology, 0);
            weights = new RecordingCommunicator(mesh.weightsGroup().size());
            secondary = new RecordingCommunicator(Math.max(1, mesh.secondary().size()));
            RecordingCommunicator alone = new RecordingCommunicator(1);
            Hops hops = new Hops(alone, alone);
            MeshCommunicators communicators =
                    new MeshCommunicators(alone, weights, secondary, alone, alone, alone, alone, hops, hops);
            model = Model.create(
                    config,
                    device,
                    Precision.F32,
                    needs -> new ShardedWeights(
                            mesh, communicators, needs, new QuantizedTransfers(Quantization.NONE, alone)));
            pass = model.plan(ROWS, config.context(), Recompute.NONE, PassKind.TRAIN);
        }

        /** Units that a micro-batch gathers from all ranks. */
        List<Integer> trained() {
            pass.accompany(BackwardListener.NOBODY);
            return units(weights);
        }

        /** Units that a forward alone gathers from all ranks. */
        List<Integer> evaluated() {
            pass.accompany();
            return units(weights);
        }

        List<Integer> units(RecordingCommunicator asked) {
            return asked.gathered().stream()
                    .map(tensor -> Math.toIntExact(tensor - 1))
                    .toList();
        }
    }

    private static ModelConfig config(int layers, boolean tied) {
        return tied ? ModelConfig.gpt(layers, 32, 2, 61, 16) : ModelConfig.llama(layers, 32, 4, 2, 48, 61, 16);
    }

    @ParameterizedTest
    @CsvSource({"false", "true"})
    void shouldGatherWhatNoSlotHas(boolean tied) {
        FirstRank rank = new FirstRank(config(4, tied), ShardDegrees.ZERO3, TWO_RANKS);

        assertThat(rank.trained()).containsExactly(0, 1, 2, 3, 4, HEAD, 2, 1);
        assertThat(rank.trained()).containsExactly(3, 4, 2, 1);
        assertThat(rank.trained()).containsExactly(3, 4, 2, 1);
        rank.model.valuesUpdated();
        assertThat(rank.trained()).containsExactly(0, 1, 2, 3, 4, HEAD, 2, 1);
        rank.model.valuesLoaded();
        assertThat(rank.trained()).containsExactly(0, 1, 2, 3, 4, HEAD, 2, 1);
    }

    /** A forward alone ends with the last blocks in their slots. */
    @Test
    void shouldKeepWhatAnEvaluationLeaves() {
        FirstRank rank = new FirstRank(config(4, true), ShardDegrees.ZERO3, TWO_RANKS);
        rank.trained();
        rank.model.valuesUpdated();

        assertThat(rank.evaluated()).containsExactly(0, 1, 2, 3, 4, HEAD);
        assertThat(rank.evaluated()).containsExactly(1, 2, 3, 4);
        assertThat(rank.trained()).containsExactly(1, 2, 3, 4, 2, 1);
        rank.model.valuesUpdated();
        assertThat(rank.evaluated()).containsExactly(0, 1, 2, 3, 4, HEAD);
    }

    @ParameterizedTest
    @CsvSource({"1, 0", "2, 0", "3, 1", "4, 2", "7, 5"})
    void shouldGatherTwoBlocksLessInEachDirection(int layers, int others) {
        FirstRank rank = new FirstRank(config(layers, false), ShardDegrees.ZERO3, TWO_RANKS);

        assertThat(rank.trained()).hasSize(2 + layers + others);
        assertThat(rank.trained()).hasSize(2 * others);
    }

    @Test
    void shouldServeFromTheSecondCopyOnlyWhatNoSlotHas() {
        FirstRank rank = new FirstRank(config(4, false), ShardDegrees.ZERO_PLUS_PLUS, TWO_HOSTS);

        assertThat(rank.trained()).containsExactly(0, 1, 2, 3, 4, HEAD);
        assertThat(rank.units(rank.secondary)).containsExactly(2, 1);
        assertThat(rank.trained()).isEmpty();
        assertThat(rank.units(rank.secondary)).containsExactly(3, 4, 2, 1);
        rank.model.valuesUpdated();
        assertThat(rank.trained()).containsExactly(0, 1, 2, 3, 4, HEAD);
        assertThat(rank.units(rank.secondary)).containsExactly(2, 1);
    }

    /** An all-gather of n bytes sends them to each of its ranks but the one that has them. */
    @ParameterizedTest
    @CsvSource({
        "1, 1, false",
        "1, 3, true",
        "2, 1, true",
        "2, 3, false",
        "3, 1, false",
        "3, 2, true",
        "4, 4, true",
        "7, 3, false"
    })
    void shouldGatherWhatIsPlanned(int layers, int microBatchesOfARank, boolean tied) {
        ModelConfig config = config(layers, tied);
        FirstRank three = new FirstRank(config, ShardDegrees.ZERO3, TWO_RANKS);
        FirstRank copied = new FirstRank(config, ShardDegrees.ZERO_PLUS_PLUS, TWO_HOSTS);
        List<Integer> ofThree = new ArrayList<>();
        List<Integer> ofCopied = new ArrayList<>();
        for (int i = 0; i < microBatchesOfARank; i++) {
            ofThree.addAll(three.trained());
            ofCopied.addAll(copied.trained());
        }
        List<Integer> near = copied.units(copied.secondary);

        assertThat(bytes(three.model, ofThree))
                .isEqualTo(planned(config, ShardDegrees.ZERO3, TWO_RANKS, microBatchesOfARank));
        assertThat(3 * bytes(copied.model, ofCopied) + 2 * bytes(copied.model, near))
                .isEqualTo(planned(config, ShardDegrees.ZERO_PLUS_PLUS, TWO_HOSTS, microBatchesOfARank));
    }

    private static long bytes(Model model, List<Integer> units) {
        return units.stream()
                .mapToLong(unit -> model.units().get(unit).length() * Float.BYTES)
                .sum();
    }

    /** Bytes of weights that all ranks send in a step. */
    private static long planned(ModelConfig config, ShardDegrees degrees, Topology topology, int microBatchesOfARank) {
        long tokens = (long) topology.size() * microBatchesOfARank * ROWS * config.context();
        Workload workload = new Workload(
                ModelOutline.of(config), Precision.F32, BatchPlan.of(config.context(), ROWS, tokens), Recompute.NONE);
        Traffic traffic = new Planner(topology, Optional.empty(), 1)
                .plan(workload, degrees)
                .traffic();
        return Stream.of(Scale.values())
                .mapToLong(scale -> traffic.totalBytes(scale, Purpose.WEIGHTS_FORWARD)
                        + traffic.totalBytes(scale, Purpose.WEIGHTS_BACKWARD))
                .sum();
    }
}
