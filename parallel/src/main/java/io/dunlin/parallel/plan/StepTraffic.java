package io.dunlin.parallel.plan;

import io.dunlin.collectives.Group;
import io.dunlin.collectives.Topology;
import io.dunlin.parallel.mesh.Mesh;
import io.dunlin.parallel.mesh.ShardDegrees;
import io.dunlin.parallel.mesh.ShardPlan;
import io.dunlin.parallel.mesh.ShardPlan.Range;
import io.dunlin.parallel.mesh.Spread;
import io.dunlin.parallel.plan.TrafficCount.Parts;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.IntToLongFunction;

/**
 * Lists what is exchanged in one optimizer step.
 *
 * <ul>
 *   <li>Weights that are spread are gathered for each visit of a unit: in forward the embedding, each block and the head,
 *       which takes its backward in the same visit, and with a tied head the embedding again; in backward each block. Of a
 *       second copy all but the first visit of a unit in a step are served.
 *   <li>Gradients that are spread are scattered for each unit and micro-batch.
 *   <li>Once a step, ranks with the same part of the gradients add it up: each for itself what it updates, if the
 *       optimizer is spread wider, or all of it.
 *   <li>Updated weights go to all who have them.
 * </ul>
 *
 * <p>Counted is the fast order of sums; the deterministic one sends more between hosts. Evaluation is not counted.
 */
final class StepTraffic {
    private final ShardDegrees degrees;
    private final List<Mesh> meshes;
    private final WireFormat wires;
    private final int microBatches;
    private final TrafficCount count;
    private final Map<String, List<Group>> groups = new HashMap<>();
    private int times; // the units that are being added

    private StepTraffic(ShardDegrees degrees, Topology topology, WireFormat wires, int microBatches) {
        this.degrees = degrees;
        this.meshes = Mesh.all(degrees, topology);
        this.wires = wires;
        this.microBatches = microBatches;
        this.count = new TrafficCount(topology);
    }

    /**
     * Visits of a unit in one micro-batch.
     *
     * @param forward in forward
     * @param backward in backward
     */
    private record Visits(int forward, int backward) {}

    /**
     * The traffic of a step.
     *
     * @param microBatches of a step, over all ranks
     */
    static Traffic of(ShardDegrees degrees, Topology topology, WireFormat wires, Units units, int microBatches) {
        StepTraffic step = new StepTraffic(degrees, topology, wires, microBatches);
        units.kinds().forEach(step::add);
        return step.count.traffic();
    }

    /**
     * What is gathered at a time.
     *
     * @param elements of the embedding, each block and the head
     * @param tiedHead whether the head reads the embedding's weights
     */
    record Units(List<Long> elements, boolean tiedHead) {
        Units {
            elements = List.copyOf(elements);
        }

        /** How many there are of each kind: blocks are alike, and are counted once. */
        private Map<Kind, Integer> kinds() {
            Map<Kind, Integer> kinds = new LinkedHashMap<>();
            for (int unit = 0; unit < elements.size(); unit++) {
                kinds.merge(new Kind(elements.get(unit), visits(unit)), 1, Integer::sum);
            }
            return kinds;
        }

        private Visits visits(int unit) {
            if (unit == 0) {
                return new Visits(tiedHead ? 2 : 1, 0);
            }
            return new Visits(1, unit == elements.size() - 1 ? 0 : 1);
        }
    }

    /** Units that are exchanged alike. */
    private record Kind(long elements, Visits visits) {}

    private void add(Kind kind, int units) {
        long elements = kind.elements();
        times = units;
        ShardPlan plan = new ShardPlan(meshes.getFirst(), List.of(elements));
        if (degrees.weights() != Spread.NONE) {
            addWeights(kind.visits(), plan, elements);
        }
        if (degrees.gradients() != Spread.NONE) {
            scatter("gradients", Mesh::gradientsGroup, r -> plan.gradients(0, r).length(), this::turns);
        }
        addBoundary(plan);
        boolean updateCrosses = meshes.getFirst().updateGroup().size() > 1;
        gather("update", Mesh::updateGroup, r -> plan.optimizer(0, r).length(), wires.refresh());
        gather(
                "spread",
                Mesh::spreadGroup,
                r -> plan.gradients(0, r).length(),
                updateCrosses ? wires.secondary() : wires.refresh());
    }

    private void addWeights(Visits visits, ShardPlan plan, long elements) {
        List<Group> primary = groups("weights", Mesh::weightsGroup);
        IntToLongFunction held = r -> plan.weights(0, r).length();
        if (meshes.getFirst().secondary().isEmpty()) {
            add(Purpose.WEIGHTS_FORWARD, primary, held, wires.weights(), g -> visits.forward * turns(g));
            add(Purpose.WEIGHTS_BACKWARD, primary, held, wires.weights(), g -> visits.backward * turns(g));
            return;
        }
        List<Group> near = groups("secondary", Mesh::secondaryGroup);
        IntToLongFunction copied = r -> {
            List<Integer> members = meshes.get(r).secondary();
            return new Range(0, elements)
                    .cut(members.indexOf(r), members.size())
                    .length();
        };
        add(Purpose.WEIGHTS_FORWARD, primary, held, wires.weights(), g -> Math.min(1, turns(g)));
        add(Purpose.WEIGHTS_FORWARD, near, copied, wires.secondary(), g -> Math.max(0, visits.forward * turns(g) - 1));
        add(Purpose.WEIGHTS_BACKWARD, near, copied, wires.secondary(), g -> visits.backward * turns(g));
    }

    private void addBoundary(ShardPlan plan) {
        if (degrees.optimizer() == degrees.gradients()) {
            allReduce("boundary", Mesh::boundaryGroup, r -> plan.gradients(0, r));
            return;
        }
        scatter("update", Mesh::updateGroup, r -> plan.optimizer(0, r).length(), g -> 1);
        if (meshes.getFirst().spans().replica() > 1) {
            allReduce("replicas", this::sameUpdates, r -> plan.optimizer(0, r));
        }
    }

    /** Ranks that update the same elements. */
    private Group sameUpdates(Mesh mesh) {
        int mine = mesh.position().optimizer();
        List<Integer> same = mesh.boundaryGroup().ranks().stream()
                .filter(r -> meshes.get(r).position().optimizer() == mine)
                .toList();
        return new Group("replicas", same);
    }

    private void scatter(
            String name, Function<Mesh, Group> kind, IntToLongFunction elements, Function<Group, Integer> repeats) {
        add(Purpose.GRADIENTS, groups(name, kind), elements, wires.gradients(), repeats);
    }

    private void gather(String name, Function<Mesh, Group> kind, IntToLongFunction elements, Wire wire) {
        add(Purpose.REFRESH, groups(name, kind), elements, wire, g -> 1);
    }

    /** Scatter and gather of the same part, cut for the members. */
    private void allReduce(String name, Function<Mesh, Group> kind, Function<Integer, Range> part) {
        List<Group> all = groups(name, kind);
        Map<Integer, Long> lengths = new HashMap<>();
        for (Group group : all) {
            for (int member = 0; member < group.size(); member++) {
                int rank = group.ranks().get(member);
                lengths.put(rank, part.apply(rank).cut(member, group.size()).length());
            }
        }
        add(Purpose.GRADIENTS, all, r -> lengths.getOrDefault(r, 0L), wires.gradients(), g -> 2);
    }

    private void add(
            Purpose purpose,
            List<Group> kind,
            IntToLongFunction elements,
            Wire wire,
            Function<Group, Integer> repeats) {
        List<Parts> parts = new ArrayList<>();
        for (Group group : kind) {
            long[] bytes = group.ranks().stream()
                    .mapToLong(r -> wire.bytes(elements.applyAsLong(r)))
                    .toArray();
            parts.add(new Parts(group.ranks(), bytes, (long) times * repeats.apply(group)));
        }
        count.add(purpose, parts);
    }

    /** All groups of a kind that have more than one member. */
    private List<Group> groups(String name, Function<Mesh, Group> kind) {
        return groups.computeIfAbsent(name, n -> {
            List<Group> found = new ArrayList<>();
            boolean[] seen = new boolean[meshes.size()];
            for (Mesh mesh : meshes) {
                if (!seen[mesh.rank()]) {
                    Group group = kind.apply(mesh);
                    group.ranks().forEach(r -> seen[r] = true);
                    if (group.size() > 1) {
                        found.add(group);
                    }
                }
            }
            return found;
        });
    }

    /** How many micro-batches the members of a group exchange for, one each at a time. */
    private int turns(Group group) {
        return meshes.get(group.ranks().getFirst()).share().turns(microBatches);
    }
}
