package io.dunlin.parallel.mesh;

import io.dunlin.collectives.Topology;
import java.util.List;
import java.util.stream.IntStream;

/** The ranks of a topology, cut into those that together have one copy of a tensor. */
final class Domains {
    private final List<List<Integer>> members;
    private final int[] numberOf; // [rank]
    private final int[] placeOf; // [rank] in its domain

    private Domains(List<List<Integer>> members, int ranks) {
        this.members = members;
        this.numberOf = new int[ranks];
        this.placeOf = new int[ranks];
        for (int number = 0; number < members.size(); number++) {
            List<Integer> domain = members.get(number);
            for (int place = 0; place < domain.size(); place++) {
                numberOf[domain.get(place)] = number;
                placeOf[domain.get(place)] = place;
            }
        }
    }

    /**
     * Domains of a spread.
     *
     * @throws MeshException if packages are asked for and not known
     */
    static Domains of(Topology topology, Spread spread) {
        return new Domains(members(topology, spread), topology.size());
    }

    private static List<List<Integer>> members(Topology topology, Spread spread) {
        List<Topology.Level> levels = topology.levels();
        return switch (spread) {
            case NONE -> IntStream.range(0, topology.size()).mapToObj(List::of).toList();
            case PACKAGE ->
                levels.stream()
                        .filter(level -> level.scale() == Topology.Scale.PACKAGE)
                        .findFirst()
                        .orElseThrow(MeshException::noPackages)
                        .domains();
            case HOST -> levels.get(levels.size() - 2).domains();
            case CLUSTER -> levels.getLast().domains();
        };
    }

    /** The members of each. */
    List<List<Integer>> all() {
        return members;
    }

    int count() {
        return members.size();
    }

    /** The number of the domain that a rank is in. */
    int numberOf(int rank) {
        return numberOf[rank];
    }

    /** A rank's place in its domain. */
    int placeOf(int rank) {
        return placeOf[rank];
    }

    /** The members of the domain that a rank is in. */
    List<Integer> around(int rank) {
        return members.get(numberOf[rank]);
    }

    /** Which one a rank's domain is of those inside its outer domain, in order; these domains lie inside the outer ones. */
    int[] placesIn(Domains outer) {
        int[] places = new int[members.size()];
        int[] seen = new int[outer.count()];
        for (int number = 0; number < members.size(); number++) {
            places[number] = seen[outer.numberOf(members.get(number).getFirst())]++;
        }
        int[] ofRank = new int[numberOf.length];
        for (int rank = 0; rank < ofRank.length; rank++) {
            ofRank[rank] = places[numberOf[rank]];
        }
        return ofRank;
    }

    /**
     * How many ranks each has.
     *
     * @throws MeshException if not as many as any other
     */
    int size(String what, Spread spread) {
        List<Integer> sizes =
                members.stream().map(List::size).distinct().sorted().toList();
        if (sizes.size() > 1) {
            throw MeshException.unlike(what, spread, sizes);
        }
        return sizes.getFirst();
    }
}
