package io.dunlin.parallel.plan;

import io.dunlin.collectives.Group;
import io.dunlin.parallel.mesh.Mesh;
import io.dunlin.parallel.mesh.ShardDegrees;
import io.dunlin.parallel.mesh.ShardPlan;
import io.dunlin.parallel.mesh.ShardPlan.Held;
import io.dunlin.parallel.mesh.Spread;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.IntToLongFunction;
import java.util.function.ToLongBiFunction;
import java.util.stream.Collectors;

/**
 * Bytes that the rank with the most holds. Not counted: the process itself, workspaces of libraries, what is pinned on the
 * host for transfers.
 *
 * @param weights its part, or all of them
 * @param gradients its part, or all of them
 * @param masters F32 values of what it updates, where weights are not F32
 * @param moments of what it updates
 * @param secondary its part of the second copy of the weights
 * @param gathered weights of the units that are computed with, or about to be: the embedding, the head and two blocks
 * @param unitGradients gradients of single units before they are scattered: the embedding's, the head's and two blocks'
 * @param activations of one micro-batch
 * @param carried what quantised gradients lost (error feedback), in memory of the host
 */
public record RankMemory(
        long weights,
        long gradients,
        long masters,
        long moments,
        long secondary,
        long gathered,
        long unitGradients,
        long activations,
        long carried) {
    private static final int BLOCKS = 2; // that are there at a time

    /** What a model takes on a mesh. */
    static RankMemory of(List<Mesh> meshes, List<Long> units, StateBytes bytes, long activations) {
        ShardDegrees degrees = meshes.getFirst().degrees();
        long weights = most(meshes, units, (plan, rank) -> held(plan::weights, units, rank));
        long gradients = most(meshes, units, (plan, rank) -> held(plan::gradients, units, rank));
        long optimizer = most(meshes, units, (plan, rank) -> held(plan::optimizer, units, rank));
        return new RankMemory(
                bytes.weights() * weights,
                bytes.gradients() * gradients,
                bytes.masters() * optimizer,
                bytes.moments() * optimizer,
                meshes.getFirst().secondary().isEmpty() ? 0 : bytes.weights() * secondary(meshes, units),
                degrees.weights() == Spread.NONE ? 0 : bytes.weights() * slots(units),
                degrees.gradients() == Spread.NONE ? 0 : Float.BYTES * slots(units),
                activations,
                bytes.carried() == 0 ? 0 : bytes.carried() * carried(meshes, units));
    }

    /** Elements whose errors the rank with the most carries. */
    private static long carried(List<Mesh> meshes, List<Long> units) {
        long whole = units.stream().mapToLong(Long::longValue).sum();
        return meshes.stream()
                .mapToLong(mesh -> {
                    ShardPlan plan = new ShardPlan(mesh, sizes(units));
                    long turns =
                            carried(mesh, mesh.gradientsGroup(), whole, rank -> held(plan::gradients, units, rank));
                    long summed = held(plan::gradients, units, mesh.rank());
                    return mesh.scattersAtBoundary()
                            ? turns
                                    + carried(
                                            mesh,
                                            mesh.boundaryGroup(),
                                            summed,
                                            rank -> held(plan::optimizer, units, rank))
                            : turns;
                })
                .max()
                .orElse(0);
    }

    /** In two hops: what is sent to the ranks of the host, then what is summed up for the host. */
    private static long carried(Mesh mesh, Group group, long encoded, IntToLongFunction part) {
        List<Integer> between = mesh.betweenHosts(group).ranks();
        long inside = mesh.insideHost(group).size() > 1 ? encoded : 0;
        return between.size() > 1
                ? inside + between.stream().mapToLong(part::applyAsLong).sum()
                : inside;
    }

    private static long most(List<Mesh> meshes, List<Long> units, ToLongBiFunction<ShardPlan, Integer> elements) {
        ShardPlan plan = new ShardPlan(meshes.getFirst(), sizes(units));
        return meshes.stream()
                .mapToLong(mesh -> elements.applyAsLong(plan, mesh.rank()))
                .max()
                .orElse(0);
    }

    private static long secondary(List<Mesh> meshes, List<Long> units) {
        return meshes.stream()
                .mapToLong(mesh -> {
                    ShardPlan plan = new ShardPlan(mesh, sizes(units));
                    return held(plan::secondary, units, mesh.rank());
                })
                .max()
                .orElse(0);
    }

    /** Units of one size are cut alike, so each size is cut once. */
    private static List<Long> sizes(List<Long> units) {
        return units.stream().distinct().toList();
    }

    private static long held(Held held, List<Long> units, int rank) {
        List<Long> sizes = sizes(units);
        Map<Long, Long> times =
                units.stream().collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
        long elements = 0;
        for (int size = 0; size < sizes.size(); size++) {
            elements += held.of(size, rank).length() * times.getOrDefault(sizes.get(size), 0L);
        }
        return elements;
    }

    private static long largest(List<Long> units) {
        return units.stream().mapToLong(Long::longValue).max().orElse(0);
    }

    private static long slots(List<Long> units) {
        long blocks = units.size() < 3 ? 0 : largest(units.subList(1, units.size() - 1));
        return units.getFirst() + units.getLast() + BLOCKS * blocks;
    }

    /** All of it. */
    public long total() {
        return states() + gathered + unitGradients + activations + carried;
    }

    /** What can be spread over ranks. */
    public long states() {
        return weights + gradients + masters + moments + secondary;
    }

    /** The largest of all, by name. */
    public String largestClass() {
        Map<String, Long> classes = Map.of(
                "weights",
                weights,
                "gradients",
                gradients,
                "optimizer state",
                masters + moments,
                "the second copy of the weights",
                secondary,
                "gathered weights",
                gathered,
                "gradients of single units",
                unitGradients,
                "activations",
                activations,
                "error feedback",
                carried);
        return classes.entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .map(Map.Entry::getKey)
                .orElse("");
    }
}
