package io.dunlin.parallel.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dunlin.model.Precision;
import io.dunlin.parallel.mesh.Mesh;
import io.dunlin.parallel.mesh.ShardDegrees;
import io.dunlin.parallel.mesh.TopologyText;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** Against the published formulas, for 16-bit gradients as they assume. */
class RankMemoryTest {
    private static final StateBytes PUBLISHED = new StateBytes(2, 2, 4, 8, 0);
    private static final Offset<Double> ROUNDED = within(0.005);

    private static double gigabytes(ShardDegrees degrees, String topology, long elements) {
        List<Mesh> meshes =
                Mesh.all(degrees, TopologyText.parse(topology).orElseThrow().topology());
        return RankMemory.of(meshes, List.of(elements), PUBLISHED, 0).states() / 1e9;
    }

    private static double frontier(ShardDegrees degrees) {
        return gigabytes(degrees, "48x4x2", 20_000_000_000L);
    }

    @Test
    void shouldTakeWhatTheFormulasSayForTwentyBillionOn384() {
        assertThat(frontier(ShardDegrees.REPLICATED)).isEqualTo(320);
        assertThat(frontier(ShardDegrees.ZERO1)).isCloseTo(80.625, ROUNDED);
        assertThat(frontier(ShardDegrees.ZERO2)).isCloseTo(40.729, ROUNDED);
        assertThat(frontier(ShardDegrees.ZERO3)).isCloseTo(0.8333, ROUNDED);
        assertThat(frontier(ShardDegrees.ZERO_PLUS_PLUS)).isCloseTo(5.8333, ROUNDED);
        assertThat(frontier(ShardDegrees.HYBRID)).isCloseTo(40, ROUNDED);
        assertThat(frontier(ShardDegrees.THREE_LEVELS)).isCloseTo(25.625, ROUNDED);
    }

    @Test
    void shouldAgreeWithWhatZeroPlusPlusPublished() {
        long elements = 100_000_000_000L;
        double copied = gigabytes(ShardDegrees.ZERO_PLUS_PLUS, "64x16", elements);
        double sharded = gigabytes(ShardDegrees.ZERO3, "64x16", elements);
        double replicated = gigabytes(ShardDegrees.REPLICATED, "64x16", elements);

        assertThat(sharded).isCloseTo(1.5625, ROUNDED);
        assertThat(copied).isCloseTo(14.0625, ROUNDED);
        assertThat(copied / sharded).isCloseTo(9.0, within(0.1));
        assertThat(replicated / copied).isCloseTo(114, within(1.0));
    }

    /** Three levels are for models of middle size: 64 GB hold 32 billion elements on two hosts, never more than 51. */
    @Test
    void shouldLimitTheModelsOfThreeLevels() {
        assertThat(gigabytes(ShardDegrees.THREE_LEVELS, "2x4x2", 32_000_000_000L))
                .isCloseTo(64, ROUNDED);
        assertThat(gigabytes(ShardDegrees.THREE_LEVELS, "256x4x2", 51_200_000_000L))
                .isGreaterThan(64);
    }

    @Test
    void shouldTakeWhatRunsHold() {
        assertThat(StateBytes.of(Precision.F32)).isEqualTo(new StateBytes(4, 4, 0, 8, 0));
        assertThat(StateBytes.of(Precision.BF16)).isEqualTo(new StateBytes(2, 4, 4, 8, 0));

        List<Mesh> meshes = Mesh.all(
                ShardDegrees.ZERO3, TopologyText.parse("1x4").orElseThrow().topology());
        RankMemory memory =
                RankMemory.of(meshes, List.of(640L, 6400L, 6400L, 64L), StateBytes.of(Precision.BF16), 1000);
        long part = (640 + 2 * 6400 + 64) / 4;
        long units = 640 + 64 + 2 * 6400;
        assertThat(memory)
                .isEqualTo(new RankMemory(2 * part, 4 * part, 4 * part, 8 * part, 0, 2 * units, 4 * units, 1000, 0));
        assertThat(memory.largestClass()).isEqualTo("gradients of single units");
    }

    @Test
    void shouldNeedNoRoomForUnitsThatAreNotSpread() {
        List<Mesh> meshes = Mesh.all(
                ShardDegrees.ZERO1, TopologyText.parse("1x4").orElseThrow().topology());
        RankMemory memory = RankMemory.of(meshes, List.of(640L, 6400L, 64L), StateBytes.of(Precision.F32), 0);

        assertThat(memory.gathered()).isZero();
        assertThat(memory.unitGradients()).isZero();
        assertThat(memory.masters()).isZero();
        assertThat(memory.total()).isEqualTo((4 + 4 + 2) * (640 + 6400 + 64));
    }
}
