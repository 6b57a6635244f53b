package io.dunlin.parallel.mesh;

import io.dunlin.collectives.Group;
import io.dunlin.collectives.Topology;
import io.dunlin.data.Share;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Where one rank stands among all, for given {@link ShardDegrees}.
 *
 * <p>Ranks that together have one copy of the weights are a weights domain, and so for gradients and for the optimizer's
 * state; domains are nested. A rank's position is its number inside its weights domain, the number of that domain inside
 * the gradients domain, and so on outwards.
 *
 * @param degrees of each class
 * @param world all ranks
 * @param positions of all ranks
 * @param rank this one
 * @param spans how many positions there are on each level
 * @param secondary ranks that together have a second copy of the weights, perhaps this one alone; empty if no rank shares
 *     one with another, or all do: then a second copy would save nothing
 * @param hosts the ranks of each
 */
public record Mesh(
        ShardDegrees degrees,
        Group world,
        List<Position> positions,
        int rank,
        Position spans,
        List<Integer> secondary,
        List<List<Integer>> hosts) {
    /**
     * One rank's place.
     *
     * @param weights its number in its weights domain
     * @param gradients the number of that domain in its gradients domain
     * @param optimizer the number of that one in its optimizer domain
     * @param replica the number of that one among all
     */
    public record Position(int weights, int gradients, int optimizer, int replica) {
        /** The part of the gradients that belongs here, in the order in which parts lie. */
        int gradientPart(Position spans) {
            return weights * spans.gradients + gradients;
        }

        private boolean sameGradientPart(Position other) {
            return weights == other.weights && gradients == other.gradients;
        }

        private boolean sameGradientDomain(Position other) {
            return optimizer == other.optimizer && replica == other.replica;
        }
    }

    /** Copies the lists. */
    public Mesh {
        positions = List.copyOf(positions);
        secondary = List.copyOf(secondary);
        hosts = hosts.stream().map(List::copyOf).toList();
    }

    /**
     * The mesh of one rank.
     *
     * @throws MeshException if hosts or packages differ in size where the degrees need them alike
     */
    public static Mesh of(ShardDegrees degrees, Topology topology, int rank) {
        return every(degrees, topology).of(rank);
    }

    /**
     * The meshes of all ranks, in order.
     *
     * @throws MeshException if hosts or packages differ in size where the degrees need them alike
     */
    public static List<Mesh> all(ShardDegrees degrees, Topology topology) {
        Every every = every(degrees, topology);
        return IntStream.range(0, topology.size()).mapToObj(every::of).toList();
    }

    /** What the meshes of all ranks have in common. */
    private record Every(
            ShardDegrees degrees,
            Group world,
            List<Position> positions,
            Position spans,
            Optional<Domains> secondary,
            List<List<Integer>> hosts) {
        Mesh of(int rank) {
            return new Mesh(
                    degrees,
                    world,
                    positions,
                    rank,
                    spans,
                    secondary.map(domains -> domains.around(rank)).orElse(List.of()),
                    hosts);
        }
    }

    private static Every every(ShardDegrees degrees, Topology topology) {
        Domains weights = Domains.of(topology, degrees.weights());
        Domains gradients = Domains.of(topology, degrees.gradients());
        Domains optimizer = Domains.of(topology, degrees.optimizer());
        int weightsSize = weights.size("weights", degrees.weights());
        int gradientsSize = gradients.size("gradients", degrees.gradients());
        int optimizerSize = optimizer.size("optimizer", degrees.optimizer());
        int[] weightsIn = weights.placesIn(gradients);
        int[] gradientsIn = gradients.placesIn(optimizer);
        List<Position> positions = IntStream.range(0, topology.size())
                .mapToObj(r -> new Position(weights.placeOf(r), weightsIn[r], gradientsIn[r], optimizer.numberOf(r)))
                .toList();
        Position spans = new Position(
                weightsSize, gradientsSize / weightsSize, optimizerSize / gradientsSize, optimizer.count());
        Domains copies = Domains.of(topology, degrees.secondary());
        boolean shared = copies.count() > 1 && copies.count() < topology.size();
        return new Every(
                degrees,
                Group.world(topology.size()),
                positions,
                spans,
                shared ? Optional.of(copies) : Optional.empty(),
                Domains.of(topology, Spread.HOST).all());
    }

    /** This rank's place. */
    public Position position() {
        return positions.get(rank);
    }

    /** Ranks that together have one copy of the weights, in the order in which their parts lie. */
    public Group weightsGroup() {
        Position mine = position();
        return group("weights", inGradientDomain().filter(r -> positions.get(r).gradients == mine.gradients));
    }

    /** Ranks that together have one copy of the gradients, in the order in which their parts lie. */
    public Group gradientsGroup() {
        return group("gradients", inGradientDomain());
    }

    /** Ranks of a gradients domain with the same part of the weights, in the order in which their gradients lie. */
    public Group spreadGroup() {
        Position mine = position();
        return group("spread", inGradientDomain().filter(r -> positions.get(r).weights == mine.weights));
    }

    /** Ranks that update parts of the gradients that this rank has, in the order in which those lie. */
    public Group updateGroup() {
        Position mine = position();
        return group(
                "update",
                ranks().filter(r -> positions.get(r).replica == mine.replica)
                        .filter(r -> positions.get(r).sameGradientPart(mine)));
    }

    /** All ranks with this rank's part of the gradients: they add them up once a step. */
    public Group boundaryGroup() {
        Position mine = position();
        return group("boundary", ranks().filter(r -> positions.get(r).sameGradientPart(mine)));
    }

    /** Ranks that together have a second copy of the weights, in the order in which their parts lie; may be empty. */
    public Group secondaryGroup() {
        return new Group("secondary", secondary);
    }

    /**
     * Whether the members of the boundary group each need a part of its sums alone. Else some parts are updated by several
     * ranks.
     */
    public boolean scattersAtBoundary() {
        return spans.optimizer > 1 && spans.replica == 1;
    }

    /**
     * The members of a group on each host, in the order of the group; if there are more on one host than on another, as if
     * each were on a host of its own.
     */
    public List<List<Integer>> onHosts(Group group) {
        List<List<Integer>> onHosts = hosts.stream()
                .map(host -> group.ranks().stream().filter(host::contains).toList())
                .filter(members -> !members.isEmpty())
                .toList();
        return onHosts.stream().map(List::size).distinct().count() == 1
                ? onHosts
                : group.ranks().stream().map(List::of).toList();
    }

    /** Members of a group of this rank on its host, see {@link #onHosts}. */
    public Group insideHost(Group group) {
        return new Group(group.name() + " inside", mine(group));
    }

    /** Members of a group of this rank with its place on each host, see {@link #onHosts}. */
    public Group betweenHosts(Group group) {
        int place = mine(group).indexOf(rank);
        return new Group(
                group.name() + " between",
                onHosts(group).stream().map(members -> members.get(place)).toList());
    }

    private List<Integer> mine(Group group) {
        return onHosts(group).stream()
                .filter(members -> members.contains(rank))
                .findFirst()
                .orElseThrow();
    }

    private IntStream ranks() {
        return IntStream.range(0, positions.size());
    }

    private IntStream inGradientDomain() {
        Position mine = position();
        return ranks().filter(r -> positions.get(r).sameGradientDomain(mine));
    }

    private Group group(String name, IntStream members) {
        Comparator<Integer> order =
                Comparator.comparingInt(r -> positions.get(r).gradientPart(spans));
        order = order.thenComparingInt(r -> positions.get(r).replica).thenComparingInt(r -> positions.get(r).optimizer);
        return new Group(name, new ArrayList<>(members.boxed().sorted(order).toList()));
    }

    /** How many ranks one copy of the gradients is spread over. */
    public int gradientDegree() {
        return spans.weights * spans.gradients;
    }

    /** How many ranks one copy of the optimizer's state is spread over. */
    public int optimizerDegree() {
        return gradientDegree() * spans.optimizer;
    }

    /**
     * Which micro-batches this rank computes: those that share gradients take turns, so that gradients can be added in
     * the order of micro-batches as they come.
     */
    public Share share() {
        Position mine = position();
        return new Share(
                mine.replica * spans.optimizer + mine.optimizer,
                spans.replica * spans.optimizer,
                mine.gradientPart(spans),
                gradientDegree());
    }
}
