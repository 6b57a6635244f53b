package io.dunlin.parallel.shard;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.Topology;
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
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What is measured of weights does not depend on how often they are gathered, nor on whether a run was interrupted. */
class QuantizedGatherTest {
    private static final long ELEMENTS = 40_000;
    private static final Padding NO_PADDING = Padding.of(new Unit(0, 0, 0, List.of()), new Range(0, 0));
    private static final Quantization QUANTIZATION =
            Quantization.NONE.bits(8, 0, 0).with(new Quantization.Fallback(0, 1));

    private interface Program {
        void run(QuantizedTransfers transfers, Gather gather);
    }

    private interface Gather {
        void of(MemorySegment part, long version);
    }

    /** In dB, when the ranks have agreed after a step. */
    private static double decibels(Program program) {
        return new MeshRanks(Topology.ofHosts(List.of("a", "a")), ShardDegrees.ZERO3, QUANTIZATION)
                .all((mesh, communicators) -> {
                    try (Device device = CpuDevice.open(CpuOptions.plain())) {
                        QuantizedTransfers transfers = new QuantizedTransfers(QUANTIZATION, communicators.world());
                        QuantizedGather gather =
                                new QuantizedGather(communicators.weights(), transfers, Transfer.WEIGHTS, DType.F32);
                        gather.add(lengths(mesh), NO_PADDING, new TurnsMemory(device, "messages"));
                        MemorySegment all = Arena.ofAuto().allocate(ELEMENTS * Float.BYTES, 64);
                        program.run(transfers, (part, version) -> gather.start(0, part, all, version)
                                .await());
                        transfers.stepEnds();
                        return transfers.measured().getFirst().decibels();
                    }
                })
                .getFirst();
    }

    private static List<Long> lengths(Mesh mesh) {
        ShardPlan plan = new ShardPlan(mesh, List.of(ELEMENTS));
        return ShardPlan.lengthsBytes(mesh.weightsGroup().ranks(), rank -> plan.weights(0, rank), Float.BYTES);
    }

    /** Half of the elements: Gaussians, of which few are so large that the others have few levels. */
    private static MemorySegment part(double outliers) {
        Random random = new Random(3);
        MemorySegment part = Arena.ofAuto().allocate(ELEMENTS / 2 * Float.BYTES, 64);
        for (long i = 0; i < ELEMENTS / 2; i++) {
            double scale = random.nextDouble() < outliers ? 100 : 1;
            part.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) (scale * random.nextGaussian()));
        }
        return part;
    }

    @Test
    void shouldMeasureEachVersionOnce() {
        double once = decibels((transfers, gather) -> gather.of(part(0), 1));
        assertThat(once).isBetween(35.0, 50.0);

        assertThat(decibels((transfers, gather) -> {
                    gather.of(part(0), 1);
                    gather.of(part(0.003), 1);
                    gather.of(part(0.003), 1);
                }))
                .isEqualTo(once);
        assertThat(decibels((transfers, gather) -> {
                    gather.of(part(0), 1);
                    gather.of(part(0.003), 2);
                }))
                .isLessThan(once - 1);
    }

    @Test
    void shouldNotMeasureWhatWasSentBecauseWeightsWereLoaded() {
        double once = decibels((transfers, gather) -> gather.of(part(0), 2));

        assertThat(decibels((transfers, gather) -> {
                    gather.of(part(0.003), 1);
                    transfers.loaded();
                    gather.of(part(0), 2);
                }))
                .isEqualTo(once);
    }
}
