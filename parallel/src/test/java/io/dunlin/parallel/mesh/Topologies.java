package io.dunlin.parallel.mesh;

import io.dunlin.collectives.Topology;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Provide;
import net.jqwik.api.domains.DomainContextBase;

/** Meshes of all shapes, for properties. */
final class Topologies extends DomainContextBase {
    /** Degrees on a topology that bears them. */
    record Case(ShardDegrees degrees, Topology topology) {
        List<Mesh> meshes() {
            return Mesh.all(degrees, topology);
        }

        boolean possible() {
            try {
                meshes();
                return true;
            } catch (MeshException e) {
                return false;
            }
        }
    }

    /** Two hosts that differ in size. */
    static Topology uneven() {
        return Topology.ofHosts(List.of("a", "a", "a", "b", "b"));
    }

    /** Hosts whose ranks come in turns, so that a host's ranks do not lie together. */
    static Topology interleaved() {
        return Topology.ofHosts(List.of("a", "b", "a", "b", "a", "b"));
    }

    static Topology of(String text) {
        return TopologyText.parse(text).orElseThrow().topology();
    }

    static List<Topology> all() {
        List<Topology> all = new ArrayList<>(List.of(uneven(), interleaved()));
        Stream.of("1x8", "2x4", "4x2", "8x1", "2x2x2", "1x2x4", "2x3x2", "3x1x3")
                .map(Topologies::of)
                .forEach(all::add);
        IntStream.rangeClosed(1, 9).mapToObj(Topology::oneHost).forEach(all::add);
        return all;
    }

    static List<ShardDegrees> degrees() {
        List<ShardDegrees> all = new ArrayList<>();
        for (Spread weights : Spread.values()) {
            for (Spread gradients : Spread.values()) {
                for (Spread optimizer : Spread.values()) {
                    for (Spread secondary : Spread.values()) {
                        boolean nested = weights.compareTo(gradients) <= 0 && gradients.compareTo(optimizer) <= 0;
                        if (nested && (secondary == Spread.NONE || secondary.compareTo(weights) < 0)) {
                            all.add(new ShardDegrees(weights, gradients, optimizer, secondary));
                        }
                    }
                }
            }
        }
        return all;
    }

    @Provide
    Arbitrary<Case> cases() {
        return Combinators.combine(Arbitraries.of(degrees()), Arbitraries.of(all()))
                .as(Case::new)
                .filter(Case::possible);
    }
}
