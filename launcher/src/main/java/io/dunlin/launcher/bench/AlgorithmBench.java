package io.dunlin.launcher.bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.dunlin.collectives.Media;
import io.dunlin.collectives.algorithm.AlgorithmTable;
import io.dunlin.collectives.algorithm.AlgorithmTable.Entry;
import io.dunlin.collectives.algorithm.Way;
import io.dunlin.launcher.place.Installation;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Which way of doing an operation is fastest, by size: every way that is possible is measured, each with members of its own,
 * because all members must choose alike from when they meet. What comes of it is an {@link AlgorithmTable}.
 *
 * <p>All ways have their turn, and then all have another, and the better one counts: what else the machine did meanwhile
 * hits one turn rather than both.
 */
public final class AlgorithmBench {
    /** How many turns each way has. */
    public static final int TURNS = 2;

    private final CollectivesBench.Options options;
    private final Map<Subject, Map<String, Double>> p50Us = new LinkedHashMap<>(); // by subject, by label of a way

    private AlgorithmBench(CollectivesBench.Options options) {
        this.options = options;
    }

    /**
     * One way of doing something.
     *
     * @param p50Us microseconds, the median of times until the last member is done; of calls in and out of place the
     *     geometric mean, and over all sizes where members cannot choose by size; the better turn's
     */
    public record Candidate(
            String algorithm, @JsonProperty("p50_us") double p50Us) {}

    /**
     * What one choice is about.
     *
     * @param op for example {@code all-reduce}
     * @param bytes that were measured; nothing where the choice is one for all sizes
     */
    private record Subject(String op, OptionalLong bytes) {
        static Subject of(CollectivesBench.Row row) {
            boolean byLength = CollectiveOp.labelled(row.op()).orElseThrow().chosenByLength();
            return new Subject(row.op(), byLength ? OptionalLong.of(row.bytes()) : OptionalLong.empty());
        }
    }

    /**
     * One choice.
     *
     * @param op for example {@code all-reduce}
     * @param bytes that were measured; nothing where the choice is one for all sizes
     * @param candidates at least two, the fastest first
     */
    public record Choice(String op, OptionalLong bytes, List<Candidate> candidates) {
        /** Copies the list. */
        public Choice {
            candidates = List.copyOf(candidates);
        }

        private Way way() {
            return Way.labelled(candidates.getFirst().algorithm()).orElseThrow();
        }
    }

    /**
     * All choices.
     *
     * @param machine where they were measured
     * @param choices by operation, then by size
     */
    public record Result(
            @JsonUnwrapped Machine machine, String transport, int ranks, String dtype, List<Choice> choices) {
        /** What makes communicators choose so: each length like the measured one that it is closest to, by ratio. */
        public AlgorithmTable table() {
            Media media = BenchTransport.labelled(transport).orElseThrow().media();
            List<Entry> entries = new ArrayList<>();
            for (int i = 0; i < choices.size(); i++) {
                Choice choice = choices.get(i);
                boolean last = i + 1 == choices.size() || !choices.get(i + 1).op.equals(choice.op);
                if (last || choices.get(i + 1).way() != choice.way()) {
                    long maxBytes = last ? AlgorithmTable.ANY_LENGTH : between(choice, choices.get(i + 1));
                    entries.add(new Entry(
                            CollectiveOp.labelled(choice.op).orElseThrow().kind(),
                            ranks,
                            media,
                            maxBytes,
                            choice.way()));
                }
            }
            return new AlgorithmTable(entries);
        }

        private static long between(Choice smaller, Choice larger) {
            return (long) Math.sqrt((double) smaller.bytes.orElseThrow() * larger.bytes.orElseThrow());
        }
    }

    /** Who is told of a measurement while it goes on. */
    public interface Listener {
        /** A way has its turn, from 1. */
        void begins(int turn, Way way, List<CollectiveOp> operations);
    }

    /** The operations that can be done in several ways. */
    public static List<CollectiveOp> choosable(CollectivesBench.Options options) {
        return options.operations().stream()
                .filter(op -> options.ways(op).size() > 1)
                .toList();
    }

    /**
     * Measures between processes that it starts.
     *
     * @param options whose algorithm does not matter
     * @throws BenchException if a process fails, if the memory does not suffice, or if a result is wrong
     */
    public static Result run(Installation installation, CollectivesBench.Options options, Listener listener) {
        CollectivesBench.requireMemory(options);
        return run(
                algorithm -> ProcessCrew.start(
                        installation,
                        options.transport(),
                        options.ranks(),
                        options.sizes().max(),
                        algorithm),
                options,
                listener);
    }

    /** Measures with members that somebody brings together for each algorithm. */
    static Result run(Function<BenchAlgorithm, Crew> crews, CollectivesBench.Options options, Listener listener) {
        return new AlgorithmBench(options).run(crews, listener);
    }

    private Result run(Function<BenchAlgorithm, Crew> crews, Listener listener) {
        for (int turn = 1; turn <= TURNS; turn++) {
            for (Way way : Way.values()) {
                List<CollectiveOp> operations = choosable(options).stream()
                        .filter(op -> options.ways(op).contains(way))
                        .toList();
                if (!operations.isEmpty()) {
                    listener.begins(turn, way, operations);
                    measure(crews, options.forced(BenchAlgorithm.of(way), operations));
                }
            }
        }
        List<Choice> choices = new ArrayList<>();
        p50Us.forEach((subject, ways) -> choices.add(new Choice(subject.op, subject.bytes, fastestFirst(ways))));
        return new Result(
                Machine.local(Clock.systemUTC()),
                options.transport().label(),
                options.ranks(),
                CollectivesBench.label(options.dtype()),
                List.copyOf(choices));
    }

    private void measure(Function<BenchAlgorithm, Crew> crews, CollectivesBench.Options forced) {
        CollectivesBench.Result result;
        try (Crew crew = crews.apply(forced.algorithm())) {
            result = CollectivesBench.run(crew, forced, CollectivesBench.Listener.NONE);
        }
        if (result.wrong() > 0) {
            throw BenchException.wrongResults(result);
        }
        result.rows().stream()
                .collect(Collectors.groupingBy(Subject::of, LinkedHashMap::new, Collectors.toList()))
                .forEach((subject, rows) -> p50Us.computeIfAbsent(subject, fresh -> new LinkedHashMap<>())
                        .merge(result.algorithm(), geometricMeanUs(rows), Math::min));
    }

    private static List<Candidate> fastestFirst(Map<String, Double> p50Us) {
        return p50Us.entrySet().stream()
                .map(way -> new Candidate(way.getKey(), way.getValue()))
                .sorted(Comparator.comparingDouble(Candidate::p50Us))
                .toList();
    }

    private static double geometricMeanUs(List<CollectivesBench.Row> rows) {
        return Math.exp(rows.stream()
                .mapToDouble(row -> Math.log(row.p50Us()))
                .average()
                .orElseThrow());
    }
}
