package io.dunlin.parallel;

import static io.dunlin.parallel.shard.Quantization.EXACT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.dunlin.collectives.Topology;
import io.dunlin.collectives.Topology.Place;
import io.dunlin.collectives.quant.Rounding;
import io.dunlin.device.Device;
import io.dunlin.device.LateDevice;
import io.dunlin.device.Stream;
import io.dunlin.device.cpu.CpuDevice;
import io.dunlin.device.cpu.CpuOptions;
import io.dunlin.model.Model;
import io.dunlin.model.ModelConfig;
import io.dunlin.model.Precision;
import io.dunlin.parallel.QuantizedRanks.Result;
import io.dunlin.parallel.SmallRun.Outcome;
import io.dunlin.parallel.mesh.ShardDegrees;
import io.dunlin.parallel.mesh.Spread;
import io.dunlin.parallel.shard.Quantization;
import io.dunlin.parallel.shard.Quantization.Coding;
import io.dunlin.parallel.shard.Quantization.Fallback;
import io.dunlin.parallel.shard.Quantization.Feedback;
import io.dunlin.parallel.shard.QuantizedTransfers.Measured;
import io.dunlin.parallel.shard.Transfer;
import io.dunlin.tensor.TensorSlice;
import io.dunlin.train.Accumulation;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Ranks that send tensors with fewer bits train as well, and as before where nothing is lost. */
class QuantizedRunTest {
    private static final ShardDegrees WEIGHTS_IN_A_HOST = ShardDegrees.of(Spread.HOST, Spread.CLUSTER, Spread.CLUSTER);

    private static SmallRun run(Accumulation accumulation) {
        return SmallRun.of(SmallFamily.GPT.config(), accumulation)
                .batches(16, 2)
                .steps(20);
    }

    // ---------------------------------------------------------------- nothing is lost

    private static List<Arguments> gathered() {
        return List.of(
                Arguments.of(ShardDegrees.ZERO3, 0, Precision.F32),
                Arguments.of(ShardDegrees.ZERO_PLUS_PLUS, 0, Precision.BF16),
                Arguments.of(ShardDegrees.THREE_LEVELS, EXACT, Precision.BF16),
                Arguments.of(WEIGHTS_IN_A_HOST, EXACT, Precision.F32));
    }

    @ParameterizedTest
    @MethodSource("gathered")
    void shouldGiveTheBitsOfOneRankWhenWeightsLoseNothing(ShardDegrees degrees, int refresh, Precision precision) {
        SmallRun run = run(Accumulation.TREE).steps(8).in(precision);

        QuantizedRanks.train(hosts(2, 2, 2), run, degrees, Quantization.NONE.bits(EXACT, 0, refresh))
                .outcome()
                .assertSameBits(run.alone());
    }

    /** One turn: each rank has one micro-batch, and they are added inside hosts, then between hosts, whatever the scheme. */
    @Test
    void shouldGiveTheBitsOfZero3InEverySchemeWhenNothingIsLost() {
        SmallRun run = run(Accumulation.RUNNING);
        Topology topology = hosts(2, 2, 2);
        Outcome expected = QuantizedRanks.train(
                        topology, run, ShardDegrees.ZERO3, Quantization.NONE.bits(EXACT, EXACT, 0))
                .outcome();

        assertSameUpToTheNorm(topology, run, ShardDegrees.ZERO_PLUS_PLUS, EXACT, 0, expected);
        assertSameUpToTheNorm(topology, run, ShardDegrees.THREE_LEVELS, EXACT, EXACT, expected);
        assertSameUpToTheNorm(topology, run, ShardDegrees.ZERO2, 0, EXACT, expected);
        assertSameUpToTheNorm(topology, run, ShardDegrees.ZERO1, 0, EXACT, expected);
    }

    /** The norm is added up over parts, which differ between schemes. */
    private static void assertSameUpToTheNorm(
            Topology topology, SmallRun run, ShardDegrees degrees, int weights, int refresh, Outcome expected) {
        Outcome outcome = QuantizedRanks.train(topology, run, degrees, Quantization.NONE.bits(weights, EXACT, refresh))
                .outcome();
        for (int step = 0; step < expected.norms().size(); step++) {
            double norm = expected.norms().get(step);
            assertThat(outcome.norms().get(step)).isCloseTo(norm, within(1e-6 * norm));
        }
        new Outcome(outcome.losses(), expected.norms(), outcome.weights()).assertSameBits(expected);
    }

    @Test
    void shouldGiveTheBitsOfZero3WithSeveralTurnsWhenNothingIsLost() {
        SmallRun run = run(Accumulation.RUNNING).batches(64, 2).steps(5);
        Quantization exact = Quantization.NONE.bits(EXACT, EXACT, 0);

        QuantizedRanks.train(hosts(2, 2, 2), run, ShardDegrees.ZERO_PLUS_PLUS, exact)
                .outcome()
                .assertSameBits(QuantizedRanks.train(hosts(2, 2, 2), run, ShardDegrees.ZERO3, exact)
                        .outcome());
    }

    // ---------------------------------------------------------------- something is lost

    /** A language of so many words, each followed by one of four: a training that ends at the language's entropy. */
    private static int[][] sentences(int rows, int length, int words) {
        Random random = new Random(11);
        int[][] followers = new int[words][];
        Arrays.setAll(followers, word -> random.ints(4, 0, words).toArray());
        int[][] sentences = new int[rows][length];
        for (int[] sentence : sentences) {
            sentence[0] = random.nextInt(words);
            for (int i = 1; i < length; i++) {
                double chance = random.nextDouble();
                int which = chance < 0.5 ? 0 : chance < 0.75 ? 1 : chance < 0.9 ? 2 : 3;
                sentence[i] = followers[sentence[i - 1]][which];
            }
        }
        return sentences;
    }

    /**
     * Blocks of a row of this model, 32, as the reference implementation cuts them; and of the standard length, eight rows
     * of so small a model, where the loss wanders a little further within a few steps.
     */
    @ParameterizedTest
    @CsvSource({"2, 2, 32, 10", "2, 4, 32, 10", "2, 2, 256, 100", "2, 4, 256, 100"})
    void shouldTrainAsWellWithInt8WeightsAndInt4Gradients(int hosts, int ranks, int blockElements, int window) {
        int steps = 300;
        ModelConfig config = SmallFamily.GPT.config();
        SmallRun run = SmallRun.of(
                        config,
                        Accumulation.RUNNING,
                        sentences(16 * steps, config.context(), config.vocabulary()),
                        model -> model.initialise(3))
                .batches(16, 2)
                .steps(steps);
        Topology topology = hosts(hosts, 1, ranks);
        Result exact = QuantizedRanks.train(topology, run, ShardDegrees.ZERO_PLUS_PLUS, Quantization.NONE);

        Quantization quantization =
                Quantization.ZERO_PLUS_PLUS.with(new Coding(blockElements, Rounding.NEAREST_EVEN, 0));
        Result quantized = QuantizedRanks.train(topology, run, ShardDegrees.ZERO_PLUS_PLUS, quantization);

        System.out.printf(
                "%dx%d, blocks of %d: loss %.3f to %.3f; with INT8 and INT4 at most %.2f %% from it over 10 steps, %.2f %% over %d, %.2f %% on average%n",
                hosts,
                ranks,
                blockElements,
                exact.loss(0, 10),
                exact.loss(steps - 10, steps),
                100 * worst(exact, quantized, 10),
                100 * worst(exact, quantized, window),
                window,
                100 * worst(exact, quantized, steps));
        quantized.measured().forEach(System.out::println);
        assertThat(exact.loss(steps - 10, steps)).isLessThan(0.5 * exact.loss(0, 10));
        assertThat(worst(exact, quantized, window)).isLessThan(0.01);
        // A factor of the ranks of a host, which an optimizer like Adam hides, would show in the norm.
        assertThat(quantized.outcome().norms().getFirst())
                .isCloseTo(exact.outcome().norms().getFirst(), withinPercentage(3));
    }

    /** The largest relative difference of losses, averaged over so many steps at a time. */
    private static double worst(Result exact, Result quantized, int window) {
        double worst = 0;
        for (int step = 0; step < exact.outcome().losses().size(); step += window) {
            double ratio = quantized.loss(step, step + window) / exact.loss(step, step + window);
            worst = Math.max(worst, Math.abs(ratio - 1));
        }
        return worst;
    }

    private static List<Arguments> schemes() {
        Quantization all = new Quantization(
                8, 4, 8, new Coding(64, Rounding.STOCHASTIC, 7), new Feedback(0.8, 8), Fallback.DEFAULT);
        return List.of(
                Arguments.of(ShardDegrees.ZERO3, all.bits(8, 4, 0), hosts(2, 1, 2)),
                Arguments.of(ShardDegrees.ZERO2, all.bits(0, 4, 8), hosts(2, 1, 2)),
                Arguments.of(ShardDegrees.ZERO1, all.bits(0, 4, 8), hosts(2, 1, 2)),
                Arguments.of(ShardDegrees.HYBRID, all.bits(8, 4, 0), hosts(2, 1, 2)),
                Arguments.of(ShardDegrees.ZERO_PLUS_PLUS, all.bits(8, 4, 0), Topology.ofHosts(List.of("a", "a", "b"))),
                Arguments.of(ShardDegrees.THREE_LEVELS, all, hosts(2, 2, 2)),
                Arguments.of(WEIGHTS_IN_A_HOST, all, hosts(3, 1, 2)));
    }

    @ParameterizedTest
    @MethodSource("schemes")
    void shouldTrainInEveryScheme(ShardDegrees degrees, Quantization quantization, Topology topology) {
        SmallRun run = run(Accumulation.RUNNING).in(Precision.BF16);
        Result exact = QuantizedRanks.train(topology, run, degrees, Quantization.NONE);

        Result quantized = QuantizedRanks.train(topology, run, degrees, quantization);

        assertThat(exact.measured()).isEmpty();
        assertThat(exact.saved()).allMatch(List::isEmpty);
        assertThat(quantized.loss(0, 20)).isCloseTo(exact.loss(0, 20), withinPercentage(1));
        assertSaveEverythingOnce(quantized.saved());
        assertThat(quantized.measured().stream().map(Measured::decibels)).allMatch(decibels -> decibels > 10);
    }

    /** What a checkpoint demands of its ranks. */
    private static void assertSaveEverythingOnce(List<List<TensorSlice>> saved) {
        Map<String, List<TensorSlice>> byName =
                saved.stream().flatMap(List::stream).collect(Collectors.groupingBy(TensorSlice::name));
        assertThat(byName).containsKey("quantization.steps");
        assertThat(byName.keySet()).anyMatch(name -> name.startsWith("quantization.carried."));
        byName.forEach((name, slices) -> {
            long at = 0;
            for (TensorSlice slice : slices.stream()
                    .sorted(Comparator.comparingLong(TensorSlice::offset))
                    .toList()) {
                assertThat(slice.offset()).as(name).isEqualTo(at);
                at = slice.end();
            }
            assertThat(at).as(name).isEqualTo(slices.getFirst().shape().elements());
        });
    }

    /** So a checkpoint of one serves the other, whose ranks cut the same tensors otherwise. */
    @Test
    void shouldCarryTheSumsOfAHostUnderOneNameHoweverManyRanksItHas() {
        Quantization quantization = Quantization.ZERO_PLUS_PLUS.with(Feedback.LOCO);
        SmallRun run = run(Accumulation.RUNNING).steps(1);
        Set<String> two = sumsOfHosts(QuantizedRanks.train(hosts(2, 1, 2), run, ShardDegrees.ZERO3, quantization));
        Set<String> three =
                sumsOfHosts(QuantizedRanks.train(hosts(2, 1, 3), run, ShardDegrees.ZERO_PLUS_PLUS, quantization));

        assertThat(two).hasSize(2 * 4).isEqualTo(three);
    }

    private static Set<String> sumsOfHosts(Result result) {
        return result.saved().stream()
                .flatMap(List::stream)
                .filter(slice -> slice.name().startsWith("quantization.carried.between"))
                .map(slice -> slice.name() + slice.shape())
                .collect(Collectors.toSet());
    }

    @Test
    void shouldWorkWhereTheHostDoesNotReachTensors() {
        SmallRun run = run(Accumulation.RUNNING).steps(5);
        Quantization quantization = Quantization.ZERO_PLUS_PLUS;
        Result expected = QuantizedRanks.train(hosts(2, 2, 1), run, ShardDegrees.ZERO_PLUS_PLUS, quantization);

        QuantizedRanks.train(hosts(2, 2, 1), run.on(LateDevice::new), ShardDegrees.ZERO_PLUS_PLUS, quantization)
                .outcome()
                .assertSameBits(expected.outcome());
        SmallRun halves = run.in(Precision.BF16);
        QuantizedRanks.train(
                        hosts(2, 2, 1),
                        halves.on(LateDevice::new),
                        ShardDegrees.THREE_LEVELS,
                        quantization.bits(8, 4, 8))
                .outcome()
                .assertSameBits(QuantizedRanks.train(
                                hosts(2, 2, 1), halves, ShardDegrees.THREE_LEVELS, quantization.bits(8, 4, 8))
                        .outcome());
    }

    @ParameterizedTest
    @CsvSource({"30, 8, 1", "60, 32, 2", "0, 4, 0"})
    void shouldFallBackTogetherWhenTooMuchIsLost(double belowDecibels, int bits, int falls) {
        Quantization quantization = Quantization.ZERO_PLUS_PLUS.with(new Fallback(belowDecibels, 3));

        Result result = QuantizedRanks.train(
                hosts(2, 1, 2), run(Accumulation.RUNNING), ShardDegrees.ZERO_PLUS_PLUS, quantization);

        assertThat(result.measured().stream().filter(one -> one.transfer() == Transfer.GRADIENTS))
                .hasSize(4)
                .allMatch(one -> one.bits() == bits && one.falls() == falls);
        assertThat(result.measured().stream().filter(one -> one.transfer() == Transfer.WEIGHTS))
                .hasSize(4)
                .allMatch(one -> one.bits() == (belowDecibels > 50 ? EXACT : 8));
    }

    // ---------------------------------------------------------------- padding

    @ParameterizedTest
    @MethodSource("schemes")
    void shouldLetNoNanInPaddingReachAnything(ShardDegrees degrees, Quantization quantization, Topology topology) {
        SmallRun run = SmallRun.of(ModelConfig.gpt(2, 20, 2, 61, 16), Accumulation.RUNNING)
                .batches(16, 2)
                .in(Precision.BF16)
                .steps(5)
                .prepared(QuantizedRunTest::requirePadding);
        Outcome expected =
                QuantizedRanks.train(topology, run, degrees, quantization).outcome();
        boolean summedHere = degrees.gradients() == Spread.NONE; // then the norm itself reads padding
        List<String> spoilt = summedHere ? List.of("weights", "weights in use") : Spoilt.ALL;

        QuantizedRanks.train(topology, run.on(() -> new Spoilt(spoilt)), degrees, quantization)
                .outcome()
                .assertSameBits(expected);
    }

    private static void requirePadding(Model model) {
        assertThat(model.flatElements())
                .isGreaterThan(model.parameters().stream()
                        .mapToLong(parameter -> parameter.shape().elements())
                        .sum());
    }

    /** Memory that is NaN where nobody has written: what lies between parameters stays so. */
    private static final class Spoilt implements Device {
        static final List<String> ALL = List.of("weights", "weights in use", "gradients");

        private final Device cpu = CpuDevice.open(CpuOptions.fast(1));
        private final List<String> purposes;

        Spoilt(List<String> purposes) {
            this.purposes = purposes;
        }

        @Override
        public String description() {
            return cpu.description();
        }

        @Override
        public MemorySegment allocate(String purpose, long lengthBytes) {
            MemorySegment memory = cpu.allocate(purpose, lengthBytes);
            for (long at = 0; purposes.contains(purpose) && at + 2 <= lengthBytes; at += 2) {
                memory.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, (short) 0x7FC0); // NaN in BF16, and two of it in F32
            }
            return memory;
        }

        @Override
        public MemorySegment allocateHost(String purpose, long lengthBytes) {
            return cpu.allocateHost(purpose, lengthBytes);
        }

        @Override
        public boolean hostReadable() {
            return true;
        }

        @Override
        public SequencedMap<String, Long> allocatedBytes() {
            return cpu.allocatedBytes();
        }

        @Override
        public Stream stream(String role) {
            return cpu.stream(role);
        }

        @Override
        public void close() {
            cpu.close();
        }
    }

    // ---------------------------------------------------------------- refusals

    private static List<Arguments> refused() {
        Quantization none = Quantization.NONE;
        return List.of(
                Arguments.of(Accumulation.TREE, ShardDegrees.ZERO3, none.bits(8, 0, 0), "deterministic"),
                Arguments.of(Accumulation.TREE, ShardDegrees.ZERO3, none.bits(0, EXACT, 0), "deterministic"),
                Arguments.of(Accumulation.RUNNING, ShardDegrees.REPLICATED, none.bits(0, 4, 0), "parts of gradients"),
                Arguments.of(Accumulation.RUNNING, ShardDegrees.ZERO2, none.bits(8, 0, 0), "weights to be gathered"),
                Arguments.of(Accumulation.RUNNING, ShardDegrees.ZERO3, none.bits(0, 0, 8), "new weights"),
                Arguments.of(Accumulation.RUNNING, ShardDegrees.ZERO1, none.bits(0, 0, 8), "F32"));
    }

    @ParameterizedTest
    @MethodSource("refused")
    void shouldRefuseWhatHasNoEffectOrContradicts(
            Accumulation accumulation, ShardDegrees degrees, Quantization quantization, String reason) {
        assertThatThrownBy(() -> QuantizedRanks.train(hosts(1, 1, 1), run(accumulation), degrees, quantization))
                .cause()
                .isInstanceOf(ParallelException.class)
                .hasMessageContaining(reason)
                .extracting(cause -> ((ParallelException) cause).code())
                .isEqualTo("DUN-535");
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
