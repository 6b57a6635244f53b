package io.dunlin.parallel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dunlin.collectives.Topology;
import io.dunlin.collectives.Topology.Place;
import io.dunlin.device.LateDevice;
import io.dunlin.model.Model;
import io.dunlin.model.Precision;
import io.dunlin.nn.Trained;
import io.dunlin.parallel.SmallRun.Outcome;
import io.dunlin.parallel.mesh.ShardDegrees;
import io.dunlin.parallel.mesh.Spread;
import io.dunlin.tensor.TensorSlice;
import io.dunlin.train.Accumulation;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** However tensors are sharded, ranks train as one does: to the last bit in deterministic mode. */
class ShardedRunTest {
    private static final int MICRO_BATCH = 2;

    /** The points of the family that people know by name, and some between them. */
    enum Scheme {
        DATA_PARALLEL(ShardDegrees.REPLICATED),
        ZERO1(ShardDegrees.ZERO1),
        ZERO2(ShardDegrees.ZERO2),
        ZERO3(ShardDegrees.ZERO3),
        HYBRID(ShardDegrees.HYBRID),
        ZERO_PLUS_PLUS(ShardDegrees.ZERO_PLUS_PLUS),
        THREE_LEVELS(ShardDegrees.THREE_LEVELS),
        OPTIMIZER_IN_A_HOST(ShardDegrees.of(Spread.NONE, Spread.NONE, Spread.HOST)),
        GRADIENTS_IN_A_HOST(ShardDegrees.of(Spread.NONE, Spread.HOST, Spread.CLUSTER)),
        WEIGHTS_IN_A_HOST(ShardDegrees.of(Spread.HOST, Spread.CLUSTER, Spread.CLUSTER));

        private final ShardDegrees degrees;

        Scheme(ShardDegrees degrees) {
            this.degrees = degrees;
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldGiveTheBitsOfOneRankOnEightRanks(Scheme scheme) {
        SmallRun run = SmallRun.of(SmallFamily.GPT.config(), Accumulation.TREE)
                .batches(16, MICRO_BATCH)
                .steps(50);
        Outcome expected = run.alone();

        for (Topology topology : List.of(hosts(1, 2, 4), hosts(2, 2, 2), hosts(4, 1, 2))) {
            LoopbackRanks.train(topology, run.sharded(scheme.degrees)).assertSameBits(expected);
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldGiveTheBitsOfOneRankWithSeveralTurns(Scheme scheme) {
        SmallRun run = SmallRun.of(SmallFamily.LLAMA.config(), Accumulation.TREE)
                .batches(64, MICRO_BATCH)
                .steps(10);

        LoopbackRanks.train(hosts(2, 2, 2), run.sharded(scheme.degrees)).assertSameBits(run.alone());
    }

    /** From one layer, all of which slots keep, to some that they cannot; ranks without a last micro-batch go along. */
    @ParameterizedTest
    @CsvSource({
        "GPT, 1, ZERO3",
        "GPT, 3, ZERO3",
        "LLAMA, 4, ZERO3",
        "GPT, 5, ZERO3",
        "LLAMA, 1, ZERO_PLUS_PLUS",
        "GPT, 4, ZERO_PLUS_PLUS",
        "LLAMA, 5, ZERO_PLUS_PLUS",
        "LLAMA, 3, THREE_LEVELS",
        "GPT, 5, THREE_LEVELS",
        "LLAMA, 5, HYBRID",
        "GPT, 4, WEIGHTS_IN_A_HOST"
    })
    void shouldGiveTheBitsOfOneRankWithAnyNumberOfLayers(SmallFamily family, int layers, Scheme scheme) {
        SmallRun run = SmallRun.of(family.config(layers), Accumulation.TREE)
                .batches(26, MICRO_BATCH)
                .steps(6);
        Outcome expected = run.alone();

        LoopbackRanks.train(hosts(2, 2, 2), run.sharded(scheme.degrees)).assertSameBits(expected);
        LoopbackRanks.train(hosts(2, 2, 1), run.sharded(scheme.degrees).on(LateDevice::new))
                .assertSameBits(expected);
    }

    @ParameterizedTest
    @MethodSource("unevenRuns")
    void shouldGiveTheBitsOfOneRankWhereNothingDivides(ShardDegrees degrees, Topology topology, int rowsPerStep) {
        SmallRun run = SmallRun.of(SmallFamily.GPT.config(), Accumulation.TREE)
                .batches(rowsPerStep, MICRO_BATCH)
                .steps(8);

        LoopbackRanks.train(topology, run.sharded(degrees)).assertSameBits(run.alone());
    }

    private static Stream<Arguments> unevenRuns() {
        List<Arguments> runs = new ArrayList<>();
        Topology unlike = Topology.ofHosts(List.of("a", "a", "a", "b", "b"));
        runs.add(Arguments.of(ShardDegrees.ZERO_PLUS_PLUS, Topology.ofHosts(List.of("a", "a", "b")), 14));
        for (int rows : new int[] {2, 6, 14, 26}) {
            for (ShardDegrees degrees :
                    List.of(ShardDegrees.ZERO1, ShardDegrees.ZERO2, ShardDegrees.ZERO3, ShardDegrees.ZERO_PLUS_PLUS)) {
                runs.add(Arguments.of(degrees, unlike, rows));
            }
            for (ShardDegrees degrees : List.of(ShardDegrees.HYBRID, ShardDegrees.THREE_LEVELS)) {
                runs.add(Arguments.of(degrees, hosts(3, 1, 2), rows));
                runs.add(Arguments.of(degrees, hosts(1, 3, 1), rows));
            }
        }
        return runs.stream();
    }

    @ParameterizedTest
    @EnumSource
    void shouldAgreeUpToRoundingInFastMode(Scheme scheme) {
        SmallRun run = SmallRun.of(SmallFamily.GPT.config(), Accumulation.RUNNING)
                .batches(64, MICRO_BATCH)
                .steps(20);
        Outcome expected = run.alone();

        Outcome outcome = LoopbackRanks.train(hosts(2, 2, 2), run.sharded(scheme.degrees));

        for (int step = 0; step < expected.losses().size(); step++) {
            double loss = expected.losses().get(step);
            assertThat(outcome.losses().get(step))
                    .as("loss of step %d", step + 1)
                    .isCloseTo(loss, within(1e-5 * loss));
            double norm = expected.norms().get(step);
            assertThat(outcome.norms().get(step))
                    .as("norm of step %d", step + 1)
                    .isCloseTo(norm, within(1e-4 * norm));
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldKeepMastersOfBf16WeightsApart(Scheme scheme) {
        SmallRun run = SmallRun.of(SmallFamily.LLAMA.config(), Accumulation.TREE)
                .batches(16, MICRO_BATCH)
                .steps(10)
                .in(Precision.BF16);

        LoopbackRanks.train(hosts(2, 2, 2), run.sharded(scheme.degrees)).assertSameBits(run.alone());
    }

    @ParameterizedTest
    @EnumSource
    void shouldWorkWhereTheHostDoesNotReachTensors(Scheme scheme) {
        SmallRun run = SmallRun.of(SmallFamily.GPT.config(), Accumulation.TREE)
                .batches(14, MICRO_BATCH)
                .steps(5);

        LoopbackRanks.train(hosts(2, 2, 1), run.sharded(scheme.degrees).on(LateDevice::new))
                .assertSameBits(run.alone());
    }

    @ParameterizedTest
    @CsvSource({"ZERO1, 1", "ZERO3, 1", "ZERO3, 2", "ZERO3, 3", "ZERO2, 9"})
    void shouldServeAnyNumberOfRanks(Scheme scheme, int ranks) {
        SmallRun run =
                SmallRun.of(SmallFamily.LLAMA.config(), Accumulation.TREE).steps(5);

        LoopbackRanks.train(Topology.oneHost(ranks), run.sharded(scheme.degrees))
                .assertSameBits(run.alone());
    }

    /** A weight that only one row of step 3 reads is infinite: on one rank of eight the loss is not finite. */
    @ParameterizedTest
    @EnumSource
    void shouldSkipAStepOnAllRanksWhereOneIsNotFinite(Scheme scheme) {
        int token = 60;
        SmallRun run = SmallRun.of(SmallFamily.LLAMA.config(), Accumulation.TREE)
                .batches(16, MICRO_BATCH)
                .steps(4)
                .changed(rows -> {
                    for (int[] row : rows) {
                        Arrays.setAll(row, i -> Math.min(row[i], token - 1));
                    }
                    rows[37][3] = token;
                })
                .prepared(model -> poison(model, token));
        Outcome expected = run.alone();
        assertThat(expected.losses()).extracting(Double::isFinite).containsExactly(true, true, false, true);

        LoopbackRanks.train(hosts(2, 2, 2), run.sharded(scheme.degrees)).assertSameBits(expected);
    }

    private static void poison(Model model, int token) {
        long index = (long) token * model.config().width();
        for (Trained trained : model.owned()) {
            TensorSlice slice = trained.slice();
            if (slice.name().equals(model.parameters().getFirst().name())
                    && index >= slice.offset()
                    && index < slice.offset() + slice.length()) {
                MemorySegment infinite = MemorySegment.ofArray(new float[] {Float.POSITIVE_INFINITY});
                long at = (index - slice.offset()) * Float.BYTES;
                model.host().write(trained.value().segment().asSlice(at, Float.BYTES), infinite);
            }
        }
        model.valuesLoaded();
    }

    @Test
    void shouldTrainAtAll() {
        Outcome outcome = LoopbackRanks.train(
                hosts(2, 1, 2),
                SmallRun.of(SmallFamily.GPT.config(), Accumulation.RUNNING).sharded(ShardDegrees.ZERO3));

        assertThat(outcome.losses().getLast()).isLessThan(outcome.losses().getFirst());
    }

    private static Topology hosts(int hosts, int packages, int ranks) {
        List<Place> places = new ArrayList<>();
        for (int host = 0; host < hosts; host++) {
            for (int one = 0; one < packages; one++) {
                for (int rank = 0; rank < ranks; rank++) {
                    places.add(new Place("host-" + host, "package-" + one));
                }
            }
        }
        return new Topology(places);
    }
}
