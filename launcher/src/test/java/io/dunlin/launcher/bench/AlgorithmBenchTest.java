package io.dunlin.launcher.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.groups.Tuple.tuple;

import io.dunlin.collectives.Media;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.algorithm.AlgorithmTable;
import io.dunlin.collectives.algorithm.AlgorithmTable.Entry;
import io.dunlin.collectives.algorithm.Call;
import io.dunlin.collectives.algorithm.Repertoire;
import io.dunlin.collectives.algorithm.Tuning;
import io.dunlin.collectives.algorithm.Way;
import io.dunlin.collectives.transport.PeerMemory;
import io.dunlin.collectives.wire.OperationKind;
import io.dunlin.launcher.bench.AlgorithmBench.Candidate;
import io.dunlin.launcher.bench.AlgorithmBench.Choice;
import io.dunlin.launcher.bench.AlgorithmBench.Result;
import io.dunlin.launcher.bench.CollectivesBench.Checking;
import io.dunlin.launcher.bench.CollectivesBench.Effort;
import io.dunlin.launcher.bench.CollectivesBench.Options;
import io.dunlin.launcher.bench.CollectivesBench.Sizes;
import io.dunlin.launcher.report.JsonLine;
import io.dunlin.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is fastest is written, read back and chosen. */
final class AlgorithmBenchTest {
    private static final int RANKS = 3;

    private final List<Way> tried = new ArrayList<>();

    private static Options options(BenchTransport transport, DType dtype, List<CollectiveOp> operations) {
        return new Options(
                operations,
                RANKS,
                transport,
                BenchAlgorithm.AUTO,
                dtype,
                new Sizes(64, 4096, 64),
                new Effort(0.001, 5, 4096),
                Checking.EVERY_ELEMENT);
    }

    private Result measure(Options options) {
        return AlgorithmBench.run(
                algorithm -> ThreadCrew.of(RANKS, options.sizes().max(), algorithm.table(RANKS)),
                options,
                (turn, way, operations) -> tried.add(way));
    }

    @Test
    void shouldChooseWhatWasFastest(@TempDir Path folder) {
        Result result = measure(options(
                BenchTransport.LOOPBACK,
                DType.F32,
                List.of(CollectiveOp.ALL_REDUCE, CollectiveOp.ALL_TO_ALL, CollectiveOp.BARRIER)));
        Path file = folder.resolve("algorithms.txt");
        result.table().write(file);
        Tuning tuning = Tuning.standard(RANKS).withTable(AlgorithmTable.read(file));

        assertThat(result.choices())
                .extracting(Choice::op, Choice::bytes)
                .as("there is one way of a barrier, and an all-to-all has no size")
                .containsExactly(
                        tuple("all-reduce", OptionalLong.of(64)),
                        tuple("all-reduce", OptionalLong.of(4096)),
                        tuple("all-to-all", OptionalLong.empty()));
        for (Choice choice : result.choices()) {
            assertThat(choice.candidates())
                    .hasSizeGreaterThan(1)
                    .isSortedAccordingTo(Comparator.comparingDouble(Candidate::p50Us));
            assertThat(chosen(tuning, choice).label())
                    .isEqualTo(choice.candidates().getFirst().algorithm());
        }
        assertThat(tried)
                .hasSize(7 * AlgorithmBench.TURNS)
                .startsWith(
                        Way.DIRECT,
                        Way.PAIRWISE,
                        Way.OWNERS,
                        Way.RING,
                        Way.BIDIRECTIONAL,
                        Way.DOUBLING,
                        Way.HALVING_DOUBLING);
    }

    /** Members who say that each call took so long. */
    private static Crew saying(double p50Us) {
        return new Crew() {
            @Override
            public Answers tell(Order order, Duration limit) {
                return Answers.of(
                        switch (order) {
                            case Order.Time time -> new Answer.Timed(p50Us * 1e3, p50Us * 1e3);
                            case Order.Check check -> new Answer.Checked(0);
                            default -> new Answer.Copied(1e9);
                        });
            }

            @Override
            public void close() {}
        };
    }

    @Test
    void shouldNotBeMisledByOneBadTurn() {
        Map<String, Iterator<Double>> turns = Map.of(
                "direct",
                List.of(20.0, 20.0).iterator(),
                "pairwise",
                List.of(90.0, 10.0).iterator());

        Result result = AlgorithmBench.run(
                algorithm -> saying(turns.get(algorithm.label()).next()),
                options(BenchTransport.LOOPBACK, DType.F32, List.of(CollectiveOp.ALL_TO_ALL)),
                (turn, way, operations) -> tried.add(way));

        assertThat(tried).containsExactly(Way.DIRECT, Way.PAIRWISE, Way.DIRECT, Way.PAIRWISE);
        assertThat(result.choices().getFirst().candidates())
                .extracting(Candidate::algorithm)
                .containsExactly("pairwise", "direct");
        assertThat(result.choices().getFirst().candidates().getFirst().p50Us()).isCloseTo(10, within(1e-6));
    }

    private static Way chosen(Tuning tuning, Choice choice) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment data = arena.allocate(choice.bytes().orElse(192));
            Call call = new Call();
            if (choice.op().equals("all-reduce")) {
                call.allReduce(data, data, DType.F32, ReduceOp.SUM);
            } else {
                call.allToAll(data, List.of(64L, 64L, 64L), data, List.of(64L, 64L, 64L));
            }
            return new Repertoire(0, tuning, Media.LOOPBACK, PeerMemory.NONE, arena).choose(call);
        }
    }

    private static Choice choice(OptionalLong bytes, Way... fastestFirst) {
        List<Candidate> candidates = new ArrayList<>();
        for (Way way : fastestFirst) {
            candidates.add(new Candidate(way.label(), candidates.size() + 1.0));
        }
        return new Choice(bytes.isPresent() ? "all-reduce" : "all-to-all", bytes, candidates);
    }

    @Test
    void shouldDivideLengthsBetweenTheMeasuredOnes() {
        Result result = new Result(
                Machine.local(Clock.systemUTC()),
                "shared",
                2,
                "f32",
                List.of(
                        choice(OptionalLong.of(1 << 10), Way.DIRECT, Way.RING),
                        choice(OptionalLong.of(1 << 12), Way.DOUBLING, Way.RING),
                        choice(OptionalLong.of(1 << 14), Way.DOUBLING, Way.SHARED),
                        choice(OptionalLong.of(1 << 16), Way.SHARED, Way.RING),
                        choice(OptionalLong.empty(), Way.SHARED, Way.DIRECT)));

        assertThat(result.table().entries())
                .containsExactly(
                        new Entry(OperationKind.ALL_REDUCE, 2, Media.SHARED_MEMORY, 1 << 11, Way.DIRECT),
                        new Entry(OperationKind.ALL_REDUCE, 2, Media.SHARED_MEMORY, 1 << 15, Way.DOUBLING),
                        new Entry(
                                OperationKind.ALL_REDUCE,
                                2,
                                Media.SHARED_MEMORY,
                                AlgorithmTable.ANY_LENGTH,
                                Way.SHARED),
                        new Entry(
                                OperationKind.ALL_TO_ALL,
                                2,
                                Media.SHARED_MEMORY,
                                AlgorithmTable.ANY_LENGTH,
                                Way.SHARED));
        assertThat(JsonLine.write(result))
                .contains("\"transport\":\"shared\"", "\"choices\":[{\"op\":\"all-reduce\",\"bytes\":1024,")
                .contains("{\"algorithm\":\"direct\",\"p50_us\":1.0}", "\"op\":\"all-to-all\",\"bytes\":null");
    }

    @Test
    void shouldTryEveryWayThatIsPossible() {
        CollectiveOp op = CollectiveOp.REDUCE;

        assertThat(options(BenchTransport.SHARED, DType.F32, List.of(op)).ways(op))
                .containsExactly(Way.DIRECT, Way.OWNERS, Way.CHAIN, Way.SHARED);
        assertThat(options(BenchTransport.IPC, DType.F32, List.of(op)).ways(op))
                .containsExactly(Way.DIRECT, Way.OWNERS, Way.CHAIN);
        assertThat(options(BenchTransport.UDP, DType.BF16, List.of(op)).ways(op))
                .containsExactly(Way.DIRECT, Way.OWNERS);
    }

    @Test
    void shouldTakeItsAlgorithmsFromTheCommandToTheMembers() {
        CrewSpec spec = new CrewSpec(BenchTransport.IPC, "run", 2, 0, Path.of("/none"), List.of(), 64, "ring");

        assertThat(JsonLine.read(JsonLine.write(spec.forRank(1)), CrewSpec.class)
                        .orElseThrow()
                        .table())
                .isEqualTo(AlgorithmTable.forced(2, Way.RING));
        assertThat(BenchAlgorithm.AUTO.table(2)).isEqualTo(AlgorithmTable.EMPTY);
    }
}
