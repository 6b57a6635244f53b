package io.dunlin.parallel.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.Topology;
import io.dunlin.device.Device;
import io.dunlin.device.cpu.CpuDevice;
import io.dunlin.device.cpu.CpuOptions;
import io.dunlin.model.Model;
import io.dunlin.model.ModelConfig;
import io.dunlin.model.Precision;
import io.dunlin.model.Unit;
import io.dunlin.model.WeightStore;
import io.dunlin.model.WholeWeights;
import io.dunlin.nn.Parameter;
import io.dunlin.parallel.Ranks.Ending;
import io.dunlin.parallel.mesh.Mesh;
import io.dunlin.parallel.mesh.ShardDegrees;
import io.dunlin.parallel.mesh.ShardPlan;
import io.dunlin.parallel.shard.ShardedWeights.Kept;
import io.dunlin.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Weights of another version than the one that is expected are an error or gathered anew, wherever they are. */
class UnitGatheringTest {
    private static final int UNIT = 1;
    private static final int SAME_SLOT = 3;
    private static final int HEAD = 4;
    private static final Topology TWO_HOSTS = Topology.ofHosts(List.of("a", "a", "b", "b"));

    private static Quantization weights(int bits) {
        return Quantization.NONE.bits(bits, 0, 0);
    }

    /** One rank's gathering, and the memory that it is about. */
    private record Gathers(UnitGathering gathering, List<Unit> units, MemorySegment[] parts) {
        void visit(int unit, long version) {
            gathering.enter(unit, WeightStore.NOT_KNOWN, version);
            gathering.leave(unit, version);
        }

        /** An update to weights that are all the same. */
        void update(float value) {
            for (MemorySegment part : parts) {
                for (long i = 0; i < part.byteSize() / Float.BYTES; i++) {
                    part.setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
                }
            }
        }

        void assertComputesWith(int unit, float value) {
            for (Parameter parameter : units.get(unit).parameters()) {
                MemorySegment computes = parameter.compute().segment();
                for (long i = 0; i < parameter.shape().elements(); i++) {
                    assertThat(computes.getAtIndex(ValueLayout.JAVA_FLOAT, i))
                            .as("%s[%d]", parameter.name(), i)
                            .isCloseTo(value, within(0.01f));
                }
            }
        }
    }

    private static Gathers gathers(
            Mesh mesh, MeshCommunicators communicators, Device device, Quantization quantization) {
        List<WeightStore.Needs> asked = new ArrayList<>();
        Model.create(ModelConfig.gpt(3, 32, 2, 61, 16), device, Precision.F32, needs -> {
            asked.add(needs);
            return WholeWeights.open(needs);
        });
        WeightStore.Needs needs = asked.getFirst();
        ShardPlan plan = ShardedWeights.plan(mesh, needs.units());
        MemorySegment[] parts = needs.units().stream()
                .map(unit -> device.allocate(
                        "weights", plan.weights(unit.number(), mesh.rank()).length() * Float.BYTES))
                .toArray(MemorySegment[]::new);
        UnitGathering gathering = new UnitGathering(
                plan,
                communicators,
                needs,
                new Kept(DType.F32, parts),
                new QuantizedTransfers(quantization, communicators.world()));
        return new Gathers(gathering, needs.units(), parts);
    }

    static Stream<Arguments> gathered() {
        return Stream.of(
                Arguments.of(ShardDegrees.ZERO3, 0),
                Arguments.of(ShardDegrees.ZERO3, 8),
                Arguments.of(ShardDegrees.ZERO_PLUS_PLUS, 0),
                Arguments.of(ShardDegrees.ZERO_PLUS_PLUS, 8),
                Arguments.of(ShardDegrees.HYBRID, 0));
    }

    /** Whatever slots had before: the same unit, the one that shares its slot, or one that was gathered ahead. */
    @ParameterizedTest
    @MethodSource("gathered")
    void shouldComputeWithNoOlderVersion(ShardDegrees degrees, int bits) {
        int[] visits = {0, UNIT, UNIT, SAME_SLOT, UNIT, 2, HEAD, 0, UNIT};
        new MeshRanks(TWO_HOSTS, degrees, weights(bits)).all((mesh, communicators) -> {
            try (Device device = CpuDevice.open(CpuOptions.plain())) {
                Gathers rank = gathers(mesh, communicators, device, weights(bits));
                for (int version = 1; version < 5; version++) {
                    rank.update(version);
                    for (int i = 0; i < visits.length; i++) {
                        int next = version % 2 == 0 && i + 1 < visits.length ? visits[i + 1] : WeightStore.NOT_KNOWN;
                        rank.gathering.enter(visits[i], next, version);
                        rank.assertComputesWith(visits[i], version);
                        rank.gathering.leave(visits[i], version);
                    }
                }
                return true;
            }
        });
    }

    /** What a slot has is not asked for again, so that it crosses no link. */
    @ParameterizedTest
    @MethodSource("gathered")
    void shouldSendNothingForWhatASlotHas(ShardDegrees degrees, int bits) {
        new MeshRanks(TWO_HOSTS, degrees, weights(bits)).all((mesh, communicators) -> {
            try (Device device = CpuDevice.open(CpuOptions.plain())) {
                Gathers rank = gathers(mesh, communicators, device, weights(bits));
                for (int unit : new int[] {0, UNIT, 2, HEAD}) {
                    rank.visit(unit, 1);
                }
                List<MeshCommunicators.Traffic> sent = communicators.traffic();
                for (int unit : new int[] {UNIT, 0, HEAD, 2, UNIT}) {
                    rank.visit(unit, 1);
                }
                assertThat(communicators.traffic()).isEqualTo(sent);
                rank.visit(SAME_SLOT, 1);
                assertThat(communicators.traffic()).isNotEqualTo(sent);
                return true;
            }
        });
    }

    /** Two of a host have second copies that they hold for different versions: the older one is noticed. */
    @ParameterizedTest
    @ValueSource(ints = {0, 8})
    void shouldNoticeAStaleSecondCopy(int bits) {
        MeshRanks ranks = new MeshRanks(TWO_HOSTS, ShardDegrees.ZERO_PLUS_PLUS, weights(bits));

        List<Ending<Boolean>> endings = ranks.endings((mesh, communicators) -> {
            try (Device device = CpuDevice.open(CpuOptions.plain())) {
                Gathers rank = gathers(mesh, communicators, device, weights(bits));
                rank.gathering.enter(UNIT, WeightStore.NOT_KNOWN, 1);
                boolean forges = mesh.rank() == 1;
                rank.gathering.leave(UNIT, forges ? 2 : 1); // what came is of version 1
                rank.visit(SAME_SLOT, 1);
                rank.gathering.enter(UNIT, WeightStore.NOT_KNOWN, forges ? 2 : 1);
                return true;
            }
        });

        assertDesync(endings.subList(0, 2));
        assertThat(endings.subList(2, 4)).allMatch(ending -> ending instanceof Ending.Result<Boolean>);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 8})
    void shouldNoticeWeightsOfAnotherUpdate(int bits) {
        MeshRanks ranks = new MeshRanks(TWO_HOSTS, ShardDegrees.ZERO3, weights(bits));

        assertDesync(ranks.endings((mesh, communicators) -> {
            try (Device device = CpuDevice.open(CpuOptions.plain())) {
                gathers(mesh, communicators, device, weights(bits))
                        .gathering
                        .enter(UNIT, WeightStore.NOT_KNOWN, mesh.rank() == 3 ? 7 : 8);
                return true;
            }
        }));
    }

    /** Whoever tries again after a gather has failed does not get what was in the slot, or half of what came. */
    @ParameterizedTest
    @ValueSource(ints = {0, 8})
    void shouldNotUseWhatFailedToCome(int bits) {
        MeshRanks ranks = new MeshRanks(TWO_HOSTS, ShardDegrees.ZERO3, weights(bits));

        assertDesync(ranks.endings((mesh, communicators) -> {
            try (Device device = CpuDevice.open(CpuOptions.plain())) {
                UnitGathering gathering = gathers(mesh, communicators, device, weights(bits)).gathering;
                long version = mesh.rank() == 3 ? 7 : 8;
                assertThatThrownBy(() -> gathering.enter(UNIT, WeightStore.NOT_KNOWN, version))
                        .isInstanceOf(CollectiveException.class);
                gathering.enter(UNIT, WeightStore.NOT_KNOWN, version);
                return true;
            }
        }));
    }

    private static void assertDesync(List<Ending<Boolean>> endings) {
        assertThat(endings).allSatisfy(ending -> {
            assertThat(ending).isInstanceOf(Ending.Failure.class);
            assertThat(((Ending.Failure<Boolean>) ending).cause())
                    .isInstanceOf(CollectiveException.class)
                    .extracting(cause -> ((CollectiveException) cause).code())
                    .isEqualTo("DUN-703");
        });
    }
}
