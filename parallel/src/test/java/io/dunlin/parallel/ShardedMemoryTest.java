package io.dunlin.parallel;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.Topology;
import io.dunlin.data.BatchPlan;
import io.dunlin.device.Device;
import io.dunlin.device.cpu.CpuDevice;
import io.dunlin.device.cpu.CpuOptions;
import io.dunlin.model.ModelConfig;
import io.dunlin.model.ModelOutline;
import io.dunlin.model.Precision;
import io.dunlin.model.Recompute;
import io.dunlin.parallel.mesh.ShardScheme;
import io.dunlin.parallel.mesh.TopologyText;
import io.dunlin.parallel.plan.Planner;
import io.dunlin.parallel.plan.RankMemory;
import io.dunlin.parallel.plan.WireFormat;
import io.dunlin.parallel.plan.Workload;
import io.dunlin.parallel.shard.Quantization;
import io.dunlin.train.Accumulation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Ranks allocate what {@code dunlin plan} says, class by class. */
class ShardedMemoryTest {
    private static final ModelConfig CONFIG = SmallFamily.LLAMA.config();

    @ParameterizedTest
    @CsvSource({
        "ZERO1, F32",
        "ZERO2, F32",
        "ZERO3, F32",
        "HSDP, F32",
        "ZERO_PLUS_PLUS, F32",
        "TOPO, F32",
        "ZERO1, BF16",
        "ZERO3, BF16",
        "ZERO_PLUS_PLUS, BF16",
        "TOPO, BF16"
    })
    void shouldHoldWhatIsPlanned(ShardScheme scheme, Precision precision) {
        Topology topology = TopologyText.parse("2x2x2").orElseThrow().topology();
        List<Device> devices = Collections.synchronizedList(new ArrayList<>());
        SmallRun run = SmallRun.of(CONFIG, Accumulation.RUNNING)
                .batches(16, 2)
                .steps(1)
                .in(precision)
                .sharded(scheme.degrees())
                .on(() -> {
                    Device device = CpuDevice.open(CpuOptions.fast(1));
                    devices.add(device);
                    return device;
                });
        LoopbackRanks.train(topology, run);

        RankMemory planned = new Planner(topology, Optional.empty(), 1)
                .plan(
                        new Workload(
                                ModelOutline.of(CONFIG),
                                precision,
                                BatchPlan.of(CONFIG.context(), 2, 16L * CONFIG.context()),
                                Recompute.NONE),
                        scheme.degrees())
                .memory();
        boolean gradientsSpread = scheme != ShardScheme.ZERO1;
        assertHolds(most(devices, "sharded weights"), planned.weights());
        assertHolds(most(devices, "weights in F32"), planned.masters());
        assertHolds(most(devices, "weights in use"), planned.gathered());
        assertHolds(most(devices, "second copy of weights"), planned.secondary());
        assertHolds(most(devices, "gradient sums"), gradientsSpread ? planned.gradients() : 0);
        assertHolds(most(devices, "gradients"), gradientsSpread ? planned.unitGradients() : planned.gradients());
        assertHolds(most(devices, "activations"), planned.activations());
        // Moments are of parameters, not of the padding between them.
        assertThat(most(devices, "optimizer")).isBetween(planned.moments() * 49 / 50, planned.moments());
    }

    /** Errors of quantised gradients: of all elements inside a host, of a share of them between hosts. */
    @ParameterizedTest
    @CsvSource({
        "ZERO1, 2x1x4",
        "ZERO2, 2x1x2",
        "ZERO3, 2x2x2",
        "ZERO3, 1x1x3",
        "HSDP, 2x1x2",
        "ZERO_PLUS_PLUS, 2x1x2",
        "TOPO, 2x2x2",
        "TOPO, 3x1x2"
    })
    void shouldCarryWhatIsPlanned(ShardScheme scheme, String text) {
        Topology topology = TopologyText.parse(text).orElseThrow().topology();
        Quantization quantization = Quantization.NONE.bits(0, 4, 0).with(Quantization.Feedback.LOCO);
        List<Device> devices = Collections.synchronizedList(new ArrayList<>());
        SmallRun run = SmallRun.of(CONFIG, Accumulation.RUNNING)
                .batches(16, 2)
                .steps(1)
                .on(() -> {
                    Device device = CpuDevice.open(CpuOptions.fast(1));
                    devices.add(device);
                    return device;
                });
        QuantizedRanks.train(topology, run, scheme.degrees(), quantization);

        Workload workload = new Workload(
                ModelOutline.of(CONFIG),
                Precision.F32,
                BatchPlan.of(CONFIG.context(), 2, 16L * CONFIG.context()),
                Recompute.NONE);
        Planner planner = new Planner(topology, Optional.empty(), 1);
        RankMemory exact = planner.plan(workload, scheme.degrees()).memory();
        RankMemory planned = planner.plan(workload, scheme.degrees(), WireFormat.of(Precision.F32, quantization))
                .memory();
        assertThat(planned.carried()).isPositive();
        assertThat(planned.total()).isEqualTo(exact.total() + planned.carried());
        assertThat(most(devices, "error feedback"))
                .isBetween(planned.carried(), planned.carried() + 4 * 64L * (CONFIG.layers() + 2));
    }

    /** Allocations begin on cache lines. */
    private static void assertHolds(long allocated, long planned) {
        assertThat(allocated).isBetween(planned, planned + 64L * (CONFIG.layers() + 2));
    }

    private static long most(List<Device> devices, String... purposes) {
        return devices.stream()
                .mapToLong(device -> Arrays.stream(purposes)
                        .mapToLong(purpose -> device.allocatedBytes().getOrDefault(purpose, 0L))
                        .sum())
                .max()
                .orElse(0);
    }
}
