package io.dunlin.parallel.shard;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.Topology;
import io.dunlin.device.Device;
import io.dunlin.device.cpu.CpuDevice;
import io.dunlin.device.cpu.CpuOptions;
import io.dunlin.model.Model;
import io.dunlin.model.ModelConfig;
import io.dunlin.model.Precision;
import io.dunlin.model.WeightStore;
import io.dunlin.model.WholeWeights;
import io.dunlin.parallel.Ranks.Ending;
import io.dunlin.parallel.mesh.Mesh;
import io.dunlin.parallel.mesh.ShardDegrees;
import io.dunlin.parallel.mesh.ShardPlan;
import io.dunlin.parallel.shard.ShardedWeights.Kept;
import io.dunlin.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Weights of another version than the one that is expected are an error, wherever they come from. */
class UnitGatheringTest {
    private static final int UNIT = 1;
    private static final Topology TWO_HOSTS = Topology.ofHosts(List.of("a", "a", "b", "b"));

    private static Quantization weights(int bits) {
        return Quantization.NONE.bits(bits, 0, 0);
    }

    private static UnitGathering gathering(
            Mesh mesh, MeshCommunicators communicators, Device device, Quantization quantization) {
        List<WeightStore.Needs> asked = new ArrayList<>();
        Model.create(ModelConfig.gpt(2, 32, 2, 61, 16), device, Precision.F32, needs -> {
            asked.add(needs);
            return WholeWeights.open(needs);
        });
        WeightStore.Needs needs = asked.getFirst();
        ShardPlan plan = ShardedWeights.plan(mesh, needs.units());
        MemorySegment[] parts = needs.units().stream()
                .map(unit -> device.allocate(
                        "weights", plan.weights(unit.number(), mesh.rank()).length() * Float.BYTES))
                .toArray(MemorySegment[]::new);
        return new UnitGathering(
                plan,
                communicators,
                needs,
                new Kept(DType.F32, parts),
                new QuantizedTransfers(quantization, communicators.world()));
    }

    /** Two of a host have second copies that they hold for different versions: the older one is noticed. */
    @ParameterizedTest
    @ValueSource(ints = {0, 8})
    void shouldNoticeAStaleSecondCopy(int bits) {
        MeshRanks ranks = new MeshRanks(TWO_HOSTS, ShardDegrees.ZERO_PLUS_PLUS, weights(bits));

        List<Ending<Boolean>> endings = ranks.endings((mesh, communicators) -> {
            try (Device device = CpuDevice.open(CpuOptions.plain())) {
                UnitGathering gathering = gathering(mesh, communicators, device, weights(bits));
                gathering.enter(UNIT, WeightStore.NOT_KNOWN, 1);
                boolean forges = mesh.rank() == 1;
                gathering.leave(UNIT, forges ? 2 : 1); // what came is of version 1
                gathering.enter(UNIT, WeightStore.NOT_KNOWN, forges ? 2 : 1);
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
                gathering(mesh, communicators, device, weights(bits))
                        .enter(UNIT, WeightStore.NOT_KNOWN, mesh.rank() == 3 ? 7 : 8);
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
