package io.dunlin.parallel.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import io.dunlin.parallel.mesh.Spread;
import io.dunlin.tensor.NamedTensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Gradients of units of any length, cut as the plan cuts them, over hosts of any size. */
class QuantizedScatterTest {
    private static final List<Long> UNITS = List.of(1L, 7L, 16L, 32L, 48L * 64, 47L * 61, 1_000L);
    private static final Padding NO_PADDING = Padding.of(new Unit(0, 0, 0, List.of()), new Range(0, 0));

    private static Topology hosts(String names) {
        return Topology.ofHosts(List.of(names.split("")));
    }

    private static Quantization bits(int gradients) {
        return Quantization.NONE.bits(0, gradients, 0);
    }

    private static QuantizedScatter scatter(
            Mesh mesh, MeshCommunicators communicators, QuantizedTransfers transfers, Device device) {
        ShardPlan plan = new ShardPlan(mesh, UNITS);
        QuantizedScatter scatter = new QuantizedScatter(
                transfers, Transfer.GRADIENTS, communicators.gradientHops().group(), device);
        for (int unit = 0; unit < UNITS.size(); unit++) {
            int number = unit;
            CarriedPlace place = CarriedPlace.ofRank(mesh.rank(), plan.unit(unit));
            scatter.add(
                    number,
                    QuantizedScatters.slices(
                            mesh, mesh.gradientsGroup(), plan.unit(unit), rank -> plan.gradients(number, rank)),
                    new QuantizedScatter.Carried(place, sumsOfHost(mesh, plan, unit)),
                    NO_PADDING,
                    new TurnsMemory(device, "messages"));
        }
        return scatter;
    }

    private static CarriedPlace sumsOfHost(Mesh mesh, ShardPlan plan, int unit) {
        List<Range> ranges = mesh.betweenHosts(mesh.gradientsGroup()).ranks().stream()
                .map(rank -> plan.gradients(unit, rank))
                .toList();
        return CarriedPlace.ofHost(mesh.rank() / 2, UNITS.get(unit), ranges);
    }

    private static MemorySegment part(MemorySegment whole, Range range) {
        return whole.asSlice(range.offset() * Float.BYTES, range.length() * Float.BYTES);
    }

    /**
     * Every rank has the same number everywhere: the sum is that times the ranks, to the last bit, for vectors and matrices,
     * whether they divide or not, and no factor of a host's ranks is left or missing.
     */
    @ParameterizedTest
    @CsvSource({
        "aa, 4",
        "ab, 4",
        "aabb, 4",
        "aabb, 8",
        "abab, 4",
        "aaabbb, 4",
        "aabbcc, 8",
        "aab, 4",
        "aab, 8",
        "abb, 32"
    })
    void shouldKeepTheScaleOfConstantGradients(String names, int bits) {
        for (ShardDegrees degrees :
                List.of(ShardDegrees.ZERO3, ShardDegrees.of(Spread.HOST, Spread.CLUSTER, Spread.CLUSTER))) {
            if (degrees.weights() == Spread.HOST && names.length() % 2 == 1) {
                continue; // as many ranks on each host
            }
            float constant = bits == 4 ? 0.875f : 127f / 128;
            new MeshRanks(hosts(names), degrees, bits(bits)).all((mesh, communicators) -> {
                try (Device device = CpuDevice.open(CpuOptions.plain())) {
                    ShardPlan plan = new ShardPlan(mesh, UNITS);
                    QuantizedTransfers transfers = new QuantizedTransfers(bits(bits), communicators.world());
                    QuantizedScatter scatter = scatter(mesh, communicators, transfers, device);
                    for (int unit = 0; unit < UNITS.size(); unit++) {
                        MemorySegment whole = filled(UNITS.get(unit), constant);
                        MemorySegment part = part(whole, plan.gradients(unit, mesh.rank()));
                        scatter.start(unit, 0, whole, part).await();
                        assertThat(part.mismatch(filled(part.byteSize() / Float.BYTES, constant * names.length())))
                                .as("unit %d on rank %d", unit, mesh.rank())
                                .isEqualTo(-1);
                    }
                    return true;
                }
            });
        }
    }

    private static MemorySegment filled(long elements, float value) {
        MemorySegment memory = Arena.ofAuto().allocate(elements * Float.BYTES, 64);
        for (long i = 0; i < elements; i++) {
            memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
        }
        return memory;
    }

    private static MemorySegment gaussian(long seed, long elements) {
        Random random = new Random(seed);
        MemorySegment memory = Arena.ofAuto().allocate(elements * Float.BYTES, 64);
        for (long i = 0; i < elements; i++) {
            memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
        }
        return memory;
    }

    /** What is saved is all that there is, after a skipped step too: whoever begins with it goes on with the same bits. */
    @Test
    void shouldGoOnFromWhatWasSaved() {
        Quantization quantization = new Quantization(
                0,
                4,
                0,
                new Quantization.Coding(64, Rounding.STOCHASTIC, 3),
                new Quantization.Feedback(0.8, 5),
                new Quantization.Fallback(25, 4)); // INT8 from the fifth step on
        new MeshRanks(hosts("aabb"), ShardDegrees.ZERO3, quantization).all((mesh, communicators) -> {
            try (Device device = CpuDevice.open(CpuOptions.plain())) {
                QuantizedTransfers before = new QuantizedTransfers(quantization, communicators.world());
                QuantizedScatter scatter = scatter(mesh, communicators, before, device);
                List<float[]> expected = new ArrayList<>();
                List<List<QuantizedTransfers.Measured>> measured = new ArrayList<>();
                Map<String, MemorySegment> saved = new HashMap<>();
                for (int step = 0; step < 8; step++) {
                    if (step == 3) {
                        sum(mesh, scatter, 1000); // of a step that is skipped
                        for (NamedTensor tensor : before.state()) {
                            MemorySegment contents = tensor.tensor().segment();
                            saved.put(
                                    key(tensor),
                                    Arena.ofAuto().allocate(contents.byteSize()).copyFrom(contents));
                        }
                    }
                    expected.add(step(mesh, scatter, before, step));
                    measured.add(before.measured());
                }
                QuantizedTransfers after = new QuantizedTransfers(quantization, communicators.world());
                QuantizedScatter resumed = scatter(mesh, communicators, after, device);
                for (NamedTensor tensor : after.state()) {
                    tensor.tensor().segment().copyFrom(saved.get(key(tensor)));
                }
                for (int step = 3; step < 8; step++) {
                    assertThat(step(mesh, resumed, after, step))
                            .as("step %d", step)
                            .containsExactly(expected.get(step));
                    assertThat(after.measured()).as("step %d", step).isEqualTo(measured.get(step));
                }
                assertThat(after.measured()).allMatch(one -> one.bits() == 8 || one.unit() < 3);
                assertThat(saved.keySet())
                        .contains("quantization.carried.inside/gradients/unit.4/rank.%d@0".formatted(mesh.rank()));
                return true;
            }
        });
    }

    private static String key(NamedTensor tensor) {
        return tensor.slice().name() + "@" + tensor.slice().offset();
    }

    /** The sum of the largest matrix, as this rank has it. */
    private static float[] step(Mesh mesh, QuantizedScatter scatter, QuantizedTransfers transfers, int step) {
        float[] sum = sum(mesh, scatter, step);
        transfers.stepEnds();
        return sum;
    }

    private static float[] sum(Mesh mesh, QuantizedScatter scatter, int step) {
        scatter.begin();
        ShardPlan plan = new ShardPlan(mesh, UNITS);
        List<MemorySegment> parts = new ArrayList<>();
        for (int unit = 0; unit < UNITS.size(); unit++) {
            MemorySegment whole = gaussian(100L * step + mesh.rank(), UNITS.get(unit));
            parts.add(part(whole, plan.gradients(unit, mesh.rank())));
            scatter.start(unit, 0, whole, parts.get(unit)).await();
        }
        return parts.get(4).toArray(ValueLayout.JAVA_FLOAT);
    }

    /** Gradients are F32: half the bytes are refused and not read as other numbers. */
    @Test
    void shouldRefuseBf16Gradients() {
        new MeshRanks(hosts("aa"), ShardDegrees.ZERO3, bits(4)).all((mesh, communicators) -> {
            try (Device device = CpuDevice.open(CpuOptions.plain())) {
                QuantizedScatter scatter =
                        scatter(mesh, communicators, new QuantizedTransfers(bits(4), communicators.world()), device);
                MemorySegment halves = Arena.ofAuto().allocate(UNITS.get(4) * Short.BYTES, 64);
                assertThatThrownBy(() -> scatter.start(4, 0, halves, halves.asSlice(0, halves.byteSize() / 2)))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("gradient");
                return true;
            }
        });
    }
}
