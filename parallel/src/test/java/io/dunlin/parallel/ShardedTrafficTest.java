package io.dunlin.parallel;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.Topology;
import io.dunlin.collectives.Topology.Scale;
import io.dunlin.collectives.algorithm.AlgorithmTable;
import io.dunlin.collectives.algorithm.Way;
import io.dunlin.collectives.wire.OperationKind;
import io.dunlin.data.BatchPlan;
import io.dunlin.model.ModelConfig;
import io.dunlin.model.ModelOutline;
import io.dunlin.model.Precision;
import io.dunlin.model.Recompute;
import io.dunlin.parallel.mesh.ShardDegrees;
import io.dunlin.parallel.mesh.TopologyText;
import io.dunlin.parallel.plan.Planner;
import io.dunlin.parallel.plan.Traffic;
import io.dunlin.parallel.plan.Workload;
import io.dunlin.train.Accumulation;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Ranks send what {@code dunlin plan} says, on every level, where collectives heed hosts; on top come headers, of {@value
 * #HEADER_BYTES} bytes each, and the agreement of each step.
 */
class ShardedTrafficTest {
    private static final int HEADER_BYTES = 128;
    private static final int MICRO_BATCH = 2;

    /** By messages as small as these, formulas would choose ways with fewer trips and more bytes. */
    private static final AlgorithmTable LEAN =
            AlgorithmTable.forced(8, Way.HIERARCHICAL).updatedBy(AlgorithmTable.forced(4, Way.HIERARCHICAL));

    private static AlgorithmTable lean(Topology topology) {
        AlgorithmTable amongHosts = AlgorithmTable.forced(OperationKind.ALL_REDUCE, topology.hosts(), Way.RING);
        return topology.hosts() > 2 ? LEAN.updatedBy(amongHosts) : LEAN;
    }

    @ParameterizedTest
    @CsvSource({
        "none, 2x2x2, 2, 4",
        "zero1, 2x2x2, 2, 1",
        "zero2, 2x2x2, 2, 4",
        "zero3, 2x2x2, 2, 4",
        "zero3, 2x2x2, 3, 4",
        "zero3, 2x2x2, 5, 4",
        "hsdp, 2x2x2, 5, 4",
        "zero++, 2x2x2, 5, 4",
        "topo, 2x2x2, 2, 1",
        "topo, 2x2x2, 5, 4",
        "none, 4x2, 2, 1",
        "zero3, 2x4, 1, 1",
        "zero3, 2x4, 5, 1",
        "zero3, 4x2, 2, 4",
        "hsdp, 4x2, 3, 1",
        "zero++, 2x4, 3, 1",
        "zero++, 4x2, 1, 4",
        "none-none-host, 2x2x2, 2, 4",
        "none-package-host, 2x2x2, 2, 4",
        "package-package-host, 2x2x2, 3, 4",
        "host-cluster-cluster+package, 2x2x2, 3, 4",
        "cluster-cluster-cluster+package, 2x2x2, 3, 1"
    })
    void shouldSendWhatIsPlanned(String word, String text, int layers, int microBatchesOfARank) {
        ShardDegrees scheme = ShardDegrees.parse(word).orElseThrow();
        Topology topology = topology(text);
        ModelConfig config = config(layers);
        Map<String, Long> counted =
                LoopbackRanks.bytesOfAStep(topology, lean(topology), run(config, scheme, microBatchesOfARank));
        Traffic planned = planned(config, scheme, topology, microBatchesOfARank);

        for (Scale scale : Scale.values()) {
            long tensors = counted.entrySet().stream()
                    .filter(flow -> flow.getKey().endsWith(" " + scale))
                    .filter(flow -> scheme.replicated() || !flow.getKey().startsWith("world "))
                    .mapToLong(Map.Entry::getValue)
                    .sum();
            long headers = tensors - planned.totalBytes(scale);
            if (!scheme.replicated()) {
                assertThat(headers % HEADER_BYTES).as("%s: %s", scale, counted).isZero();
            }
            assertThat((double) headers).as("%s: %s", scale, counted).isBetween(0.0, 0.14 * planned.totalBytes(scale));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"zero++", "topo"})
    void shouldSendNoWeightsBetweenHostsAgain(String word) {
        ShardDegrees scheme = ShardDegrees.parse(word).orElseThrow();
        Map<String, Long> one = LoopbackRanks.bytesOfAStep(topology("2x2x2"), LEAN, run(config(3), scheme, 1));
        Map<String, Long> four = LoopbackRanks.bytesOfAStep(topology("2x2x2"), LEAN, run(config(3), scheme, 4));

        assertThat(four.get("weights CLUSTER")).isEqualTo(one.get("weights CLUSTER"));
        assertThat(four).doesNotContainKey("secondary CLUSTER");
        if (scheme.equals(ShardDegrees.THREE_LEVELS)) {
            assertThat(four).doesNotContainKeys("weights CLUSTER", "weights HOST", "gradients CLUSTER");
            assertThat(four.get("boundary CLUSTER")).isEqualTo(one.get("boundary CLUSTER"));
        }
    }

    private static ModelConfig config(int layers) {
        return SmallFamily.LLAMA.config(layers);
    }

    private static SmallRun run(ModelConfig config, ShardDegrees scheme, int microBatchesOfARank) {
        return SmallRun.of(config, Accumulation.RUNNING)
                .batches(8 * microBatchesOfARank * MICRO_BATCH, MICRO_BATCH)
                .sharded(scheme);
    }

    private static Traffic planned(
            ModelConfig config, ShardDegrees scheme, Topology topology, int microBatchesOfARank) {
        long tokens = 8L * microBatchesOfARank * MICRO_BATCH * config.context();
        Workload workload = new Workload(
                ModelOutline.of(config),
                Precision.F32,
                BatchPlan.of(config.context(), MICRO_BATCH, tokens),
                Recompute.NONE);
        return new Planner(topology, Optional.empty(), 1).plan(workload, scheme).traffic();
    }

    private static Topology topology(String text) {
        return TopologyText.parse(text).orElseThrow().topology();
    }
}
