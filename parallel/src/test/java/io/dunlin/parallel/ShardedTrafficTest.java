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
import io.dunlin.parallel.mesh.ShardScheme;
import io.dunlin.parallel.mesh.TopologyText;
import io.dunlin.parallel.plan.Planner;
import io.dunlin.parallel.plan.Traffic;
import io.dunlin.parallel.plan.Workload;
import io.dunlin.train.Accumulation;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Ranks send what {@code dunlin plan} says, on every level, where collectives heed hosts; on top come headers, of {@value
 * #HEADER_BYTES} bytes each, and the agreement of each step.
 */
class ShardedTrafficTest {
    private static final int HEADER_BYTES = 128;
    private static final int MICRO_BATCH = 2;

    /** By messages as small as these, formulas would choose ways with fewer trips and more bytes. */
    private static final AlgorithmTable LEAN = AlgorithmTable.forced(8, Way.HIERARCHICAL)
            .updatedBy(AlgorithmTable.forced(4, Way.HIERARCHICAL))
            .updatedBy(AlgorithmTable.forced(OperationKind.ALL_REDUCE, 4, Way.RING));

    @ParameterizedTest
    @CsvSource({
        "NONE, 2x2x2, 2, 4",
        "ZERO1, 2x2x2, 2, 1",
        "ZERO2, 2x2x2, 2, 4",
        "ZERO3, 2x2x2, 2, 4",
        "ZERO3, 2x2x2, 3, 4",
        "ZERO3, 2x2x2, 5, 4",
        "HSDP, 2x2x2, 5, 4",
        "ZERO_PLUS_PLUS, 2x2x2, 5, 4",
        "TOPO, 2x2x2, 2, 1",
        "TOPO, 2x2x2, 5, 4",
        "NONE, 4x2, 2, 1",
        "ZERO3, 2x4, 1, 1",
        "ZERO3, 2x4, 5, 1",
        "ZERO3, 4x2, 2, 4",
        "HSDP, 4x2, 3, 1",
        "ZERO_PLUS_PLUS, 2x4, 3, 1",
        "ZERO_PLUS_PLUS, 4x2, 1, 4"
    })
    void shouldSendWhatIsPlanned(ShardScheme scheme, String text, int layers, int microBatchesOfARank) {
        Topology topology = topology(text);
        ModelConfig config = config(layers);
        Map<String, Long> counted =
                LoopbackRanks.bytesOfAStep(topology, LEAN, run(config, scheme, microBatchesOfARank));
        Traffic planned = planned(config, scheme, topology, microBatchesOfARank);

        for (Scale scale : Scale.values()) {
            long tensors = counted.entrySet().stream()
                    .filter(flow -> flow.getKey().endsWith(" " + scale))
                    .filter(flow -> scheme == ShardScheme.NONE || !flow.getKey().startsWith("world "))
                    .mapToLong(Map.Entry::getValue)
                    .sum();
            long headers = tensors - planned.totalBytes(scale);
            if (scheme != ShardScheme.NONE) {
                assertThat(headers % HEADER_BYTES).as("%s: %s", scale, counted).isZero();
            }
            assertThat((double) headers).as("%s: %s", scale, counted).isBetween(0.0, 0.14 * planned.totalBytes(scale));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"ZERO_PLUS_PLUS", "TOPO"})
    void shouldSendNoWeightsBetweenHostsAgain(ShardScheme scheme) {
        Map<String, Long> one = LoopbackRanks.bytesOfAStep(topology("2x2x2"), LEAN, run(config(3), scheme, 1));
        Map<String, Long> four = LoopbackRanks.bytesOfAStep(topology("2x2x2"), LEAN, run(config(3), scheme, 4));

        assertThat(four.get("weights CLUSTER")).isEqualTo(one.get("weights CLUSTER"));
        assertThat(four).doesNotContainKey("secondary CLUSTER");
        if (scheme == ShardScheme.TOPO) {
            assertThat(four).doesNotContainKeys("weights CLUSTER", "weights HOST", "gradients CLUSTER");
            assertThat(four.get("boundary CLUSTER")).isEqualTo(one.get("boundary CLUSTER"));
        }
    }

    private static ModelConfig config(int layers) {
        return SmallFamily.LLAMA.config(layers);
    }

    private static SmallRun run(ModelConfig config, ShardScheme scheme, int microBatchesOfARank) {
        return SmallRun.of(config, Accumulation.RUNNING)
                .batches(8 * microBatchesOfARank * MICRO_BATCH, MICRO_BATCH)
                .sharded(scheme.degrees());
    }

    private static Traffic planned(ModelConfig config, ShardScheme scheme, Topology topology, int microBatchesOfARank) {
        long tokens = 8L * microBatchesOfARank * MICRO_BATCH * config.context();
        Workload workload = new Workload(
                ModelOutline.of(config),
                Precision.F32,
                BatchPlan.of(config.context(), MICRO_BATCH, tokens),
                Recompute.NONE);
        return new Planner(topology, Optional.empty(), 1)
                .plan(workload, scheme.degrees())
                .traffic();
    }

    private static Topology topology(String text) {
        return TopologyText.parse(text).orElseThrow().topology();
    }
}
