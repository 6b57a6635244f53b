package io.dunlin.parallel.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.Group;
import io.dunlin.parallel.mesh.ShardPlan.Part;
import io.dunlin.parallel.mesh.ShardPlan.Range;
import io.dunlin.parallel.mesh.Topologies.Case;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.domains.Domain;
import net.jqwik.api.domains.DomainContext;
import org.junit.jupiter.api.Test;

class ShardPlanTest {
    private static final long HUGE = 20_000_000_000L;

    /** Nothing, less than a cell, a cell and its neighbours, and what no array holds. */
    @Provide
    Arbitrary<Long> lengths() {
        return Arbitraries.of(0L, 1L, 15L, 16L, 17L, 31L, 33L, 1000L, (1L << 31) + 5, HUGE, HUGE + 1);
    }

    @Property
    @Domain(Topologies.class)
    @Domain(DomainContext.Global.class)
    void shouldCutEachUnitIntoPartsThatLieOneAfterTheOther(@ForAll Case of, @ForAll("lengths") long length) {
        List<Mesh> meshes = of.meshes();
        ShardPlan plan = new ShardPlan(meshes.getFirst(), List.of(length, 7L));
        Range all = plan.unit(0);
        for (Mesh mesh : meshes) {
            int rank = mesh.rank();
            partition(mesh.weightsGroup(), r -> plan.weights(0, r), all);
            partition(mesh.gradientsGroup(), r -> plan.gradients(0, r), all);
            partition(mesh.spreadGroup(), r -> plan.gradients(0, r), plan.weights(0, rank));
            partition(mesh.updateGroup(), r -> plan.optimizer(0, r), plan.gradients(0, rank));
            if (mesh.secondaryGroup().size() > 0) {
                ShardPlan own = new ShardPlan(mesh, List.of(length));
                partition(mesh.secondaryGroup(), r -> own.secondary(0, r), all);
            }
        }
    }

    /** Parts one after the other, from the beginning to the end. */
    private static void partition(Group group, Part part, Range whole) {
        long at = whole.offset();
        for (int rank : group.ranks()) {
            Range range = part.of(rank);
            assertThat(range.length()).isNotNegative();
            assertThat(range.offset()).isEqualTo(at);
            assertThat(range.length() == 0 || range.offset() % ShardPlan.CELL == 0)
                    .isTrue();
            at = range.end();
        }
        assertThat(at).isEqualTo(whole.end());
    }

    @Property
    @Domain(Topologies.class)
    @Domain(DomainContext.Global.class)
    void shouldHoldFinerClassesInsideCoarserOnes(@ForAll Case of, @ForAll("lengths") long length) {
        ShardPlan plan = new ShardPlan(of.meshes().getFirst(), List.of(length));
        for (int rank = 0; rank < of.topology().size(); rank++) {
            assertThat(inside(plan.gradients(0, rank), plan.weights(0, rank))).isTrue();
            assertThat(inside(plan.optimizer(0, rank), plan.gradients(0, rank))).isTrue();
        }
    }

    private static boolean inside(Range inner, Range outer) {
        return inner.offset() >= outer.offset() && inner.end() <= outer.end();
    }

    /** Every element of every unit is updated by one rank of each replica. */
    @Property
    @Domain(Topologies.class)
    @Domain(DomainContext.Global.class)
    void shouldUpdateAllElementsOnceInEachReplica(@ForAll Case of, @ForAll("lengths") long length) {
        List<Mesh> meshes = of.meshes();
        ShardPlan plan = new ShardPlan(meshes.getFirst(), List.of(length, 17L, 0L));

        long updated = meshes.stream()
                .mapToLong(mesh -> plan.elements(plan::optimizer, mesh.rank()))
                .sum();

        assertThat(updated).isEqualTo((length + 17) * meshes.getFirst().spans().replica());
    }

    @Property
    void shouldCutRangesEvenly(
            @ForAll @LongRange(max = HUGE) long length,
            @ForAll @IntRange(min = 1, max = 400) int parts,
            @ForAll @IntRange(max = 8) int cells) {
        Range whole = new Range(cells * (long) ShardPlan.CELL, length);
        long at = whole.offset();
        long least = Long.MAX_VALUE;
        long most = 0;
        for (int index = 0; index < parts; index++) {
            Range part = whole.cut(index, parts);
            assertThat(part.offset()).isEqualTo(at);
            at = part.end();
            least = Math.min(least, part.length());
            most = Math.max(most, part.length());
        }
        assertThat(at).isEqualTo(whole.end());
        assertThat(most - least).isLessThan(2 * ShardPlan.CELL);
    }

    /** The layout of three levels as its formula has it: dies, then packages, then hosts. */
    @Test
    void shouldLayThreeLevelsOutAsTheFormulaDoes() {
        int hosts = 3;
        int packages = 2;
        int dies = 2;
        List<Mesh> meshes = Mesh.all(ShardDegrees.THREE_LEVELS, Topologies.of("3x2x2"));
        long part = 7L * ShardPlan.CELL;
        ShardPlan plan = new ShardPlan(meshes.getFirst(), List.of(12 * part));
        for (int rank = 0; rank < meshes.size(); rank++) {
            int host = rank / (packages * dies);
            int pack = rank / dies % packages;
            int die = rank % dies;
            long index = die * packages * hosts + pack * hosts + host;
            assertThat(plan.optimizer(0, rank)).isEqualTo(new Range(index * part, part));
        }
    }

    @Test
    void shouldSayBytesInTheOrderOfMembers() {
        Mesh mesh = Mesh.of(ShardDegrees.ZERO3, Topologies.of("1x3"), 0);
        ShardPlan plan = new ShardPlan(mesh, List.of(33L));

        assertThat(ShardPlan.lengthsBytes(mesh.weightsGroup().ranks(), rank -> plan.weights(0, rank), 4))
                .containsExactly(64L, 64L, 4L);
        assertThat(plan.units()).isEqualTo(1);
    }
}
