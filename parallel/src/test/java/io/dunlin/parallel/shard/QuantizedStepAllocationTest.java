package io.dunlin.parallel.shard;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.dunlin.collectives.Topology;
import io.dunlin.collectives.quant.Rounding;
import io.dunlin.device.Device;
import io.dunlin.device.cpu.CpuDevice;
import io.dunlin.device.cpu.CpuOptions;
import io.dunlin.model.Unit;
import io.dunlin.parallel.mesh.Mesh;
import io.dunlin.parallel.mesh.ShardDegrees;
import io.dunlin.parallel.mesh.ShardPlan;
import io.dunlin.parallel.mesh.ShardPlan.Range;
import io.dunlin.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What quantised transfers add to a step, decisions included, allocates nothing once it is compiled. */
class QuantizedStepAllocationTest {
    private static final int STEPS = 100;
    private static final int ROUNDS = 40;
    private static final long ELEMENTS = 5_003;
    private static final Padding SOME_PADDING = Padding.of(new Unit(0, 0, 3, List.of()), new Range(0, 3));

    @Test
    void shouldAllocateNothing() {
        Quantization quantization = new Quantization(
                8,
                4,
                0,
                new Quantization.Coding(256, Rounding.STOCHASTIC, 1),
                new Quantization.Feedback(0.8, 7),
                new Quantization.Fallback(0, 5));
        Topology topology = Topology.ofHosts(List.of("a", "a", "b", "b"));

        List<Long> leastAllocated = new MeshRanks(topology, ShardDegrees.ZERO3, quantization)
                .all((mesh, communicators) -> {
                    try (Device device = CpuDevice.open(CpuOptions.plain())) {
                        return leastAllocated(step(mesh, communicators, quantization, device));
                    }
                });

        assertThat(leastAllocated).containsExactly(0L, 0L, 0L, 0L);
    }

    /** In the leanest of the rounds: in the others the compiler may still work. */
    private static long leastAllocated(Runnable step) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long least = Long.MAX_VALUE;
        for (int round = 0; round < ROUNDS; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < STEPS; i++) {
                step.run();
            }
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
        return least;
    }

    private static Runnable step(Mesh mesh, MeshCommunicators communicators, Quantization quantization, Device device) {
        ShardPlan plan = new ShardPlan(mesh, List.of(ELEMENTS));
        QuantizedTransfers transfers = new QuantizedTransfers(quantization, communicators.world());
        QuantizedScatter scatter = new QuantizedScatter(
                transfers, Transfer.GRADIENTS, communicators.gradientHops().group(), device);
        CarriedPlace place = CarriedPlace.ofRank(mesh.rank(), plan.unit(0));
        scatter.add(
                0,
                QuantizedScatters.slices(mesh, mesh.gradientsGroup(), plan.unit(0), rank -> plan.gradients(0, rank)),
                new QuantizedScatter.Carried(place, place),
                SOME_PADDING,
                new TurnsMemory(device, "messages"));
        QuantizedGather gather = new QuantizedGather(communicators.weights(), transfers, Transfer.WEIGHTS, DType.F32);
        gather.add(
                ShardPlan.lengthsBytes(
                        communicators.weights().group().ranks(), rank -> plan.weights(0, rank), Float.BYTES),
                SOME_PADDING,
                new TurnsMemory(device, "messages"));
        MemorySegment whole = Arena.ofAuto().allocate(ELEMENTS * Float.BYTES, 64);
        MemorySegment all = Arena.ofAuto().allocate(ELEMENTS * Float.BYTES, 64);
        Range mine = plan.gradients(0, mesh.rank());
        MemorySegment part = whole.asSlice(mine.offset() * Float.BYTES, mine.length() * Float.BYTES);
        return () -> {
            gather.start(0, part, all, transfers.steps()).await();
            scatter.start(0, 0, whole, part).await();
            transfers.stepEnds();
        };
    }
}
