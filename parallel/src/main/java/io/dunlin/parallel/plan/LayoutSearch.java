package io.dunlin.parallel.plan;

import io.dunlin.collectives.Topology.Level;
import io.dunlin.collectives.Topology.Scale;
import io.dunlin.parallel.mesh.MeshException;
import io.dunlin.parallel.mesh.ShardDegrees;
import io.dunlin.parallel.mesh.ShardScheme;
import io.dunlin.parallel.mesh.Spread;
import io.dunlin.parallel.shard.Quantization;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * Tries all nested degrees on a topology, with and without a second copy of the weights, and with messages of fewer bits.
 *
 * @param planner of the topology
 * @param limitBytes memory of each rank
 */
public record LayoutSearch(Planner planner, long limitBytes) {
    private static final int[] NOT_AT_ALL = {0};

    /**
     * A layout that was tried.
     *
     * @param plan of it
     * @param quantization of its messages
     * @param excess what keeps it from fitting; empty if it fits
     */
    public record Candidate(Plan plan, Quantization quantization, Optional<Excess> excess) {
        /** One word for the layout, and the bits of messages that have fewer: {@code zero++ W8 G4}. */
        public String label() {
            return plan.degrees().label() + bits(" W", quantization.weights()) + bits(" G", quantization.gradients());
        }

        private static String bits(String what, int bits) {
            return bits == 0 ? "" : what + bits;
        }
    }

    /**
     * Too much memory.
     *
     * @param bytes over the limit
     * @param largestClass what takes the most
     */
    public record Excess(long bytes, String largestClass) {}

    /** What would make a layout fit: a sentence, and what follows from it. */
    public record Change(String sentence, Workload workload, Plan plan) {}

    /**
     * All layouts: those that fit by time, or by bytes where the hardware is not known, then the others by memory.
     *
     * @param quantization of messages; each layout that sends any of these is tried with each of it and without
     */
    public List<Candidate> all(Workload workload, Quantization quantization) {
        List<Candidate> all = new ArrayList<>();
        for (ShardDegrees degrees : degrees()) {
            try {
                for (Quantization messages : variants(quantization.heeding(degrees))) {
                    WireFormat wires = WireFormat.of(workload.precision(), messages);
                    all.add(candidate(planner.plan(workload, degrees, wires), messages));
                }
            } catch (MeshException unlikeHosts) {
                // These ranks cannot be spread so: nothing to rank.
                continue;
            }
        }
        Comparator<Candidate> order = Comparator.comparing(c -> c.excess().isPresent());
        all.sort(order.thenComparing(c -> c.excess().map(Excess::bytes).orElse(0L))
                .thenComparingDouble(c -> cost(c.plan()))
                .thenComparingLong(c -> c.plan().memory().total()));
        return all;
    }

    /** The same where each rank has less room, by what else it holds. */
    public LayoutSearch leaving(long bytes) {
        return new LayoutSearch(planner, limitBytes - bytes);
    }

    /** Each of its transfers with these bits or as it is. */
    private static List<Quantization> variants(Quantization most) {
        List<Quantization> variants = new ArrayList<>();
        for (int weights : most.weights() == 0 ? NOT_AT_ALL : new int[] {0, most.weights()}) {
            for (int gradients : most.gradients() == 0 ? NOT_AT_ALL : new int[] {0, most.gradients()}) {
                variants.add(most.bits(weights, gradients, most.refresh()));
            }
        }
        return variants;
    }

    /** Whether a layout fits. */
    public Candidate candidate(Plan plan, Quantization quantization) {
        long over = plan.memory().total() - limitBytes;
        return new Candidate(
                plan,
                quantization,
                over > 0 ? Optional.of(new Excess(over, plan.memory().largestClass())) : Optional.empty());
    }

    /** Seconds without overlap, or bytes, those of outer levels counting more. */
    private static double cost(Plan plan) {
        return plan.time()
                .map(StepTime::withoutOverlap)
                .orElseGet(() -> 100.0 * plan.traffic().busiestBytes(Scale.CLUSTER)
                        + 10.0 * plan.traffic().busiestBytes(Scale.HOST)
                        + plan.traffic().busiestBytes(Scale.PACKAGE));
    }

    /** Nested degrees that differ on this topology; those that a word of the job file means as that word means them. */
    private List<ShardDegrees> degrees() {
        SequencedMap<Integer, Spread> spreads = spreads();
        List<Spread> each = List.copyOf(spreads.sequencedValues());
        Map<ShardDegrees, ShardDegrees> named = new HashMap<>();
        for (ShardScheme scheme : ShardScheme.values()) {
            narrowest(scheme.degrees(), spreads).ifPresent(same -> named.putIfAbsent(same, scheme.degrees()));
        }
        List<ShardDegrees> all = new ArrayList<>();
        for (int weights = 0; weights < each.size(); weights++) {
            for (int gradients = weights; gradients < each.size(); gradients++) {
                for (int optimizer = gradients; optimizer < each.size(); optimizer++) {
                    for (int secondary = 0; secondary < Math.max(1, weights); secondary++) {
                        ShardDegrees degrees = new ShardDegrees(
                                each.get(weights), each.get(gradients), each.get(optimizer), each.get(secondary));
                        all.add(named.getOrDefault(degrees, degrees));
                    }
                }
            }
        }
        return all;
    }

    /** From none to all ranks, by number of domains; a level that is no wider than the one before is left out. */
    private SequencedMap<Integer, Spread> spreads() {
        SequencedMap<Integer, Spread> spreads = new LinkedHashMap<>();
        spreads.put(planner.topology().size(), Spread.NONE);
        for (Level level : planner.topology().levels()) {
            spreads.putIfAbsent(level.domains().size(), spread(level.scale()));
        }
        return spreads;
    }

    private static Spread spread(Scale scale) {
        return switch (scale) {
            case PACKAGE -> Spread.PACKAGE;
            case HOST -> Spread.HOST;
            case CLUSTER -> Spread.CLUSTER;
        };
    }

    /** Degrees that mean the same on this topology, by the narrowest words; empty if it does not know packages. */
    private Optional<ShardDegrees> narrowest(ShardDegrees degrees, Map<Integer, Spread> spreads) {
        Map<Spread, Spread> words = new EnumMap<>(Spread.class);
        words.put(Spread.NONE, Spread.NONE);
        for (Level level : planner.topology().levels()) {
            words.put(
                    spread(level.scale()), spreads.getOrDefault(level.domains().size(), Spread.CLUSTER));
        }
        List<Spread> all = List.of(degrees.weights(), degrees.gradients(), degrees.optimizer(), degrees.secondary());
        if (!words.keySet().containsAll(all)) {
            return Optional.empty();
        }
        List<Spread> same =
                all.stream().map(spread -> words.getOrDefault(spread, spread)).toList();
        boolean copyIsAll = same.get(3) != Spread.NONE && same.get(3).compareTo(same.get(0)) >= 0;
        return Optional.of(
                new ShardDegrees(same.get(0), same.get(1), same.get(2), copyIsAll ? Spread.NONE : same.get(3)));
    }

    /**
     * Ways to make a layout fit, those that change least first: smaller micro-batches, blocks computed again, the fastest
     * wider layout, and if none of these is enough by itself, all of them. Empty if nothing helps.
     */
    public List<Change> changes(Workload workload, ShardDegrees degrees) {
        List<Change> changes = new ArrayList<>();
        smallerMicroBatch(workload, degrees).ifPresent(changes::add);
        Workload recomputing = workload.recomputing();
        if (!recomputing.equals(workload)) {
            fitting("train.recompute = \"layer\"", recomputing, degrees).ifPresent(changes::add);
        }
        wider(workload, degrees, "").ifPresent(changes::add);
        if (changes.isEmpty()) {
            Workload least = recomputing.withMicroBatch(1);
            String sentence = "train.micro_batch = 1, train.recompute = \"layer\"";
            fitting(sentence, least, degrees)
                    .or(() -> wider(least, degrees, sentence + " and "))
                    .ifPresent(changes::add);
        }
        return changes;
    }

    /** The largest micro-batch that fits; nothing but activations depends on it. */
    private Optional<Change> smallerMicroBatch(Workload workload, ShardDegrees degrees) {
        RankMemory memory = planner.plan(workload, degrees).memory();
        long left = limitBytes - memory.total() + memory.activations();
        for (int rows = workload.batch().microBatch() - 1; rows >= 1; rows--) {
            Workload smaller = workload.withMicroBatch(rows);
            if (smaller.activationBytes() <= left) {
                return fitting("train.micro_batch = " + rows, smaller, degrees);
            }
        }
        return Optional.empty();
    }

    private Optional<Change> fitting(String sentence, Workload workload, ShardDegrees degrees) {
        Plan plan = planner.plan(workload, degrees);
        return candidate(plan, Quantization.NONE).excess().isPresent()
                ? Optional.empty()
                : Optional.of(new Change(sentence, workload, plan));
    }

    /** The first of the layouts that fit and spread everything at least as far. */
    private Optional<Change> wider(Workload workload, ShardDegrees degrees, String before) {
        return all(workload, Quantization.NONE).stream()
                .filter(candidate -> candidate.excess().isEmpty())
                .map(Candidate::plan)
                .filter(plan -> atLeast(plan.degrees(), degrees))
                .findFirst()
                .map(plan -> new Change(
                        before + "parallel.shard = \"" + plan.degrees().label() + "\"", workload, plan));
    }

    private static boolean atLeast(ShardDegrees wide, ShardDegrees narrow) {
        return wide.weights().compareTo(narrow.weights()) >= 0
                && wide.gradients().compareTo(narrow.gradients()) >= 0
                && wide.optimizer().compareTo(narrow.optimizer()) >= 0;
    }
}
