package io.dunlin.parallel.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Topology;
import io.dunlin.collectives.Topology.Scale;
import io.dunlin.device.Device;
import io.dunlin.device.cpu.CpuDevice;
import io.dunlin.device.cpu.CpuOptions;
import io.dunlin.model.Unit;
import io.dunlin.parallel.mesh.Mesh;
import io.dunlin.parallel.mesh.ShardDegrees;
import io.dunlin.parallel.mesh.ShardPlan;
import io.dunlin.parallel.mesh.ShardPlan.Range;
import io.dunlin.parallel.shard.TransferBytes.Sent;
import io.dunlin.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the planner is told is what is sent. */
class TransferBytesTest {
    private static final long ELEMENTS = 1_000_003;
    private static final Padding NO_PADDING = Padding.of(new Unit(0, 0, 0, List.of()), new Range(0, 0));

    private record Seen(Sent planned, long sentBytes) {}

    @ParameterizedTest
    @CsvSource({"aabb, 4", "aabb, 8", "aaabbb, 4", "aab, 4", "aaa, 8", "abc, 4"})
    void shouldCountTheBytesOfGradientsOnEachLevel(String names, int bits) {
        Topology topology = Topology.ofHosts(List.of(names.split("")));
        Quantization quantization = Quantization.NONE.bits(0, bits, 0);
        new MeshRanks(topology, ShardDegrees.ZERO3, quantization).all((mesh, communicators) -> {
            ShardPlan plan = new ShardPlan(mesh, List.of(ELEMENTS));
            Sent planned = new TransferBytes(mesh, plan, quantization, DType.BF16).gradients(0);
            Hops hops = communicators.gradientHops();
            long insideBefore = sent(hops.inside());
            long betweenBefore = sent(hops.between());
            try (Device device = CpuDevice.open(CpuOptions.plain())) {
                QuantizedScatter scatter = new QuantizedScatter(
                        new QuantizedTransfers(quantization, communicators.world()),
                        Transfer.GRADIENTS,
                        hops.group(),
                        device);
                CarriedPlace place = CarriedPlace.ofRank(mesh.rank(), plan.unit(0));
                scatter.add(
                        0,
                        QuantizedScatters.slices(
                                mesh, mesh.gradientsGroup(), plan.unit(0), rank -> plan.gradients(0, rank)),
                        new QuantizedScatter.Carried(place, place),
                        NO_PADDING,
                        new TurnsMemory(device, "messages"));
                MemorySegment whole = Arena.ofAuto().allocate(ELEMENTS * Float.BYTES, 64);
                Range mine = plan.gradients(0, mesh.rank());
                scatter.start(0, 0, whole, whole.asSlice(mine.offset() * Float.BYTES, mine.length() * Float.BYTES))
                        .await();
            }
            if (mesh.onHosts(mesh.gradientsGroup()).getFirst().size() > 1) {
                assertSent(sent(hops.inside()) - insideBefore, planned.insideHost());
                assertSent(sent(hops.between()) - betweenBefore, planned.betweenHosts());
            } else {
                assertSent(sent(hops.between()) - betweenBefore, planned.total());
            }
            return true;
        });
    }

    @ParameterizedTest
    @CsvSource({"0", "8", "32"})
    void shouldCountTheBytesOfWeights(int bits) {
        Topology topology = Topology.ofHosts(List.of("a", "a", "b", "b"));
        Quantization quantization = Quantization.NONE.bits(bits, 0, 0);
        List<Seen> seen = new MeshRanks(topology, ShardDegrees.ZERO3, quantization).all((mesh, communicators) -> {
            ShardPlan plan = new ShardPlan(mesh, List.of(ELEMENTS));
            Sent planned = new TransferBytes(mesh, plan, quantization, DType.BF16).weights(0);
            List<Long> lengths = ShardPlan.lengthsBytes(
                    communicators.weights().group().ranks(), rank -> plan.weights(0, rank), Short.BYTES);
            MemorySegment part = Arena.ofAuto().allocate(lengths.get(mesh.rank()), 64);
            MemorySegment all = Arena.ofAuto().allocate(ELEMENTS * Short.BYTES, 64);
            long before = sent(communicators.weights());
            try (Device device = CpuDevice.open(CpuOptions.plain())) {
                QuantizedGather gather = new QuantizedGather(
                        communicators.weights(),
                        new QuantizedTransfers(quantization, communicators.world()),
                        Transfer.WEIGHTS,
                        DType.BF16);
                if (bits == 0) {
                    communicators.weights().allGather(part, all, lengths).await();
                } else {
                    gather.add(lengths, NO_PADDING, new TurnsMemory(device, "messages"));
                    gather.start(0, part, all, 1).await();
                }
            }
            return new Seen(planned, sent(communicators.weights()) - before);
        });
        assertSent(
                seen.stream().mapToLong(Seen::sentBytes).sum(),
                seen.stream().mapToLong(one -> one.planned.total()).sum());
    }

    /** Bytes of tensors, and less than a hundredth for the headers of flows. */
    private static void assertSent(long counted, long planned) {
        assertThat(counted).isBetween(planned, planned + planned / 100 + 200);
    }

    private static long sent(Communicator communicator) {
        return Stream.of(Scale.values()).mapToLong(communicator::sentBytes).sum();
    }

    @Test
    void shouldHaveTheSizeOfTheFormula() {
        assertThat(TransferBytes.relativeToBf16(8, 2048)).isCloseTo(0.501, within(5e-4));
        assertThat(TransferBytes.relativeToBf16(4, 256)).isCloseTo(0.258, within(5e-4));
        Topology topology = Topology.ofHosts(List.of("a", "a", "b", "b"));
        Quantization quantization = Quantization.ZERO_PLUS_PLUS;
        Mesh mesh = Mesh.of(ShardDegrees.ZERO_PLUS_PLUS, topology, 1);
        TransferBytes bytes = new TransferBytes(mesh, new ShardPlan(mesh, List.of(ELEMENTS)), quantization, DType.BF16);
        // Of a host of two: half of the unit to the other member, half of that half to the other host.
        double halves = 2.0 * ELEMENTS;
        assertThat(bytes.gradients(0).insideHost() / halves / 0.5)
                .isCloseTo(TransferBytes.relativeToBf16(4, 256), within(1e-3));
        assertThat(bytes.gradients(0).betweenHosts() / halves / 0.25)
                .isCloseTo(TransferBytes.relativeToBf16(4, 256), within(1e-3));
        assertThat(bytes.weights(0).total() / halves / 0.75)
                .isCloseTo(TransferBytes.relativeToBf16(8, 256), within(1e-3));
        assertThat(bytes.secondCopy(0)).isEqualTo(new Sent(500_003 * 2, 0));
        assertThat(bytes.refresh(0)).isEqualTo(new Sent(0, 0));
        assertThat(bytes.boundary(0)).isEqualTo(new Sent(0, 0));
    }
}
