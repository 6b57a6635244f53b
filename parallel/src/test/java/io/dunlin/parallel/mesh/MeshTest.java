package io.dunlin.parallel.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.dunlin.collectives.Group;
import io.dunlin.collectives.Topology;
import io.dunlin.data.Share;
import io.dunlin.error.ExitCode;
import io.dunlin.parallel.mesh.Mesh.Position;
import io.dunlin.parallel.mesh.Topologies.Case;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.domains.Domain;
import net.jqwik.api.domains.DomainContext;
import org.junit.jupiter.api.Test;

class MeshTest {
    private static final List<Function<Mesh, Group>> GROUPS = List.of(
            Mesh::weightsGroup, Mesh::gradientsGroup, Mesh::spreadGroup, Mesh::updateGroup, Mesh::boundaryGroup);

    @Property
    @Domain(Topologies.class)
    void shouldTellAllMembersOfAGroupTheSameMembers(@ForAll Case of) {
        List<Mesh> meshes = of.meshes();
        for (Function<Mesh, Group> kind : GROUPS) {
            for (Mesh mesh : meshes) {
                Group group = kind.apply(mesh);
                assertThat(group.ranks()).contains(mesh.rank()).doesNotHaveDuplicates();
                group.ranks().forEach(r -> assertThat(kind.apply(meshes.get(r))).isEqualTo(group));
            }
        }
        for (Mesh mesh : meshes) {
            mesh.secondaryGroup().ranks().forEach(r -> assertThat(meshes.get(r).secondary())
                    .isEqualTo(mesh.secondary()));
        }
    }

    @Property
    @Domain(Topologies.class)
    void shouldGiveEachRankAPlaceOfItsOwn(@ForAll Case of) {
        List<Mesh> meshes = of.meshes();

        Position spans = meshes.getFirst().spans();
        assertThat(spans.weights() * spans.gradients() * spans.optimizer() * spans.replica())
                .isEqualTo(meshes.size());
        assertThat(meshes.stream().map(Mesh::position)).doesNotHaveDuplicates().allSatisfy(place -> {
            assertThat(place.weights()).isBetween(0, spans.weights() - 1);
            assertThat(place.gradients()).isBetween(0, spans.gradients() - 1);
            assertThat(place.optimizer()).isBetween(0, spans.optimizer() - 1);
            assertThat(place.replica()).isBetween(0, spans.replica() - 1);
        });
        assertThat(meshes).allSatisfy(mesh -> {
            assertThat(mesh).isEqualTo(Mesh.of(of.degrees(), of.topology(), mesh.rank()));
            assertThat(mesh.gradientsGroup().size()).isEqualTo(mesh.gradientDegree());
            assertThat(mesh.weightsGroup().size() * mesh.spreadGroup().size()).isEqualTo(mesh.gradientDegree());
            assertThat(mesh.gradientDegree() * mesh.updateGroup().size()).isEqualTo(mesh.optimizerDegree());
            assertThat(mesh.boundaryGroup().size() * mesh.gradientDegree()).isEqualTo(meshes.size());
            assertThat(mesh.boundaryGroup().ranks())
                    .containsAll(mesh.updateGroup().ranks());
        });
    }

    /** Otherwise bytes would cross links that the spread was chosen to spare. */
    @Property
    @Domain(Topologies.class)
    void shouldKeepGroupsInsideTheLevelOfTheirSpread(@ForAll Case of) {
        for (Mesh mesh : of.meshes()) {
            Domains weights = Domains.of(of.topology(), of.degrees().weights());
            Domains gradients = Domains.of(of.topology(), of.degrees().gradients());
            assertThat(mesh.weightsGroup().ranks()).hasSameElementsAs(weights.around(mesh.rank()));
            assertThat(mesh.gradientsGroup().ranks()).hasSameElementsAs(gradients.around(mesh.rank()));
        }
    }

    @Property
    @Domain(Topologies.class)
    @Domain(DomainContext.Global.class)
    void shouldShareOutEachMicroBatchOnce(@ForAll Case of, @ForAll @IntRange(max = 50) int microBatches) {
        List<Mesh> meshes = of.meshes();

        List<Integer> all = meshes.stream()
                .flatMap(mesh -> {
                    Share share = mesh.share();
                    return IntStream.range(0, share.count(microBatches))
                            .mapToObj(turn -> share.index(microBatches, turn));
                })
                .sorted()
                .toList();

        assertThat(all).isEqualTo(IntStream.range(0, microBatches).boxed().toList());
    }

    /** Who shares gradients exchanges them after each turn, so nobody may leave earlier than the others. */
    @Property
    @Domain(Topologies.class)
    @Domain(DomainContext.Global.class)
    void shouldGiveMembersOfAGradientsGroupAsManyTurns(@ForAll Case of, @ForAll @IntRange(max = 50) int microBatches) {
        List<Mesh> meshes = of.meshes();
        for (Mesh mesh : meshes) {
            List<Integer> members = mesh.gradientsGroup().ranks();
            for (int number = 0; number < members.size(); number++) {
                Share share = meshes.get(members.get(number)).share();
                assertThat(share.turns(microBatches)).isEqualTo(mesh.share().turns(microBatches));
                assertThat(share.member()).isEqualTo(number);
                assertThat(share.group()).isEqualTo(mesh.share().group());
            }
        }
    }

    @Test
    void shouldPlaceRanksOfThreeLevelsAsTheFormulaDoes() {
        int hosts = 3;
        int packages = 2;
        int dies = 2;
        List<Mesh> meshes = Mesh.all(ShardDegrees.THREE_LEVELS, Topologies.of("3x2x2"));

        for (int host = 0; host < hosts; host++) {
            for (int pack = 0; pack < packages; pack++) {
                for (int die = 0; die < dies; die++) {
                    Mesh mesh = meshes.get(host * packages * dies + pack * dies + die);
                    assertThat(mesh.position()).isEqualTo(new Position(die, pack, host, 0));
                    assertThat(mesh.position().gradientPart(mesh.spans())).isEqualTo(die * packages + pack);
                }
            }
        }
        assertThat(meshes.get(5).weightsGroup().ranks()).containsExactly(4, 5);
        assertThat(meshes.get(5).gradientsGroup().ranks()).containsExactly(4, 6, 5, 7);
        assertThat(meshes.get(5).spreadGroup().ranks()).containsExactly(5, 7);
        assertThat(meshes.get(5).updateGroup().ranks()).containsExactly(1, 5, 9);
        assertThat(meshes.get(5).boundaryGroup().ranks()).containsExactly(1, 5, 9);
    }

    @Test
    void shouldPlaceRanksOfNamedSchemes() {
        Topology topology = Topologies.of("2x2");

        Mesh plain = Mesh.of(ShardDegrees.REPLICATED, topology, 2);
        assertThat(plain.boundaryGroup().ranks()).containsExactly(0, 1, 2, 3);
        assertThat(plain.gradientsGroup().ranks()).containsExactly(2);
        assertThat(plain.share()).isEqualTo(Share.of(2, 4));

        Mesh one = Mesh.of(ShardDegrees.ZERO1, topology, 2);
        assertThat(one.updateGroup().ranks()).containsExactly(0, 1, 2, 3);
        assertThat(one.spreadGroup().ranks()).containsExactly(2);

        Mesh two = Mesh.of(ShardDegrees.ZERO2, topology, 2);
        assertThat(two.updateGroup().ranks()).containsExactly(2);
        assertThat(two.spreadGroup().ranks()).containsExactly(0, 1, 2, 3);
        assertThat(two.share()).isEqualTo(new Share(0, 1, 2, 4));

        Mesh hybrid = Mesh.of(ShardDegrees.HYBRID, topology, 2);
        assertThat(hybrid.weightsGroup().ranks()).containsExactly(2, 3);
        assertThat(hybrid.boundaryGroup().ranks()).containsExactly(0, 2);
        assertThat(hybrid.updateGroup().ranks()).containsExactly(2);
        assertThat(hybrid.share()).isEqualTo(new Share(1, 2, 0, 2));

        Mesh plusPlus = Mesh.of(ShardDegrees.ZERO_PLUS_PLUS, topology, 2);
        assertThat(plusPlus.weightsGroup().ranks()).containsExactly(0, 1, 2, 3);
        assertThat(plusPlus.secondaryGroup().ranks()).containsExactly(2, 3);
    }

    @Test
    void shouldRefuseToSpreadOverHostsThatDifferInSize() {
        for (ShardDegrees degrees :
                List.of(ShardDegrees.HYBRID, ShardDegrees.of(Spread.NONE, Spread.HOST, Spread.CLUSTER))) {
            MeshException refusal =
                    catchThrowableOfType(MeshException.class, () -> Mesh.of(degrees, Topologies.uneven(), 0));
            assertThat(refusal.code()).isEqualTo("DUN-533");
            assertThat(refusal).hasMessageContaining("host").hasMessageContaining("2 and of 3");
            assertThat(refusal.remedy()).contains("zero3");
            assertThat(refusal.exitCode()).isEqualTo(ExitCode.USAGE);
        }
    }

    @Test
    void shouldSpreadOverAnyHostsWhereNothingNeedsThemAlike() {
        for (ShardDegrees degrees : List.of(
                ShardDegrees.REPLICATED,
                ShardDegrees.ZERO1,
                ShardDegrees.ZERO2,
                ShardDegrees.ZERO3,
                ShardDegrees.ZERO_PLUS_PLUS)) {
            assertThat(Mesh.all(degrees, Topologies.uneven())).hasSize(5);
        }
    }

    @Test
    void shouldRefuseToSpreadOverPackagesThatNobodyKnows() {
        assertThatThrownBy(() -> Mesh.of(ShardDegrees.THREE_LEVELS, Topologies.of("2x4"), 0))
                .isInstanceOfSatisfying(
                        MeshException.class, e -> assertThat(e.code()).isEqualTo("DUN-534"))
                .hasMessageContaining("packages");
    }

    @Test
    void shouldRefuseDegreesThatAreNotNested() {
        assertThatThrownBy(() -> ShardDegrees.of(Spread.HOST, Spread.NONE, Spread.CLUSTER))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ShardDegrees.of(Spread.NONE, Spread.CLUSTER, Spread.HOST))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new ShardDegrees(Spread.HOST, Spread.HOST, Spread.HOST, Spread.HOST))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
