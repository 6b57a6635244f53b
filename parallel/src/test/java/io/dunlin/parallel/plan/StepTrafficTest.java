package io.dunlin.parallel.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dunlin.collectives.Topology;
import io.dunlin.collectives.Topology.Scale;
import io.dunlin.model.Precision;
import io.dunlin.parallel.mesh.Mesh;
import io.dunlin.parallel.mesh.ShardDegrees;
import io.dunlin.parallel.mesh.ShardPlan;
import io.dunlin.parallel.mesh.Spread;
import io.dunlin.parallel.mesh.TopologyText;
import io.dunlin.parallel.plan.StepTraffic.Units;
import io.dunlin.parallel.plan.TrafficCount.Parts;
import io.dunlin.parallel.shard.Quantization;
import io.dunlin.parallel.shard.TransferBytes;
import io.dunlin.tensor.DType;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Against the published sums: what enters a host in one step, in multiples of the model in 16 bits. */
class StepTrafficTest {
    private static final int HOSTS = 48;
    private static final int RANKS = 384;
    private static final Topology FRONTIER = topology("48x4x2");
    private static final long ELEMENTS = RANKS * 16L * 3000;
    private static final double MODEL = 2.0 * ELEMENTS; // M
    private static final double OTHERS = (HOSTS - 1.0) / HOSTS; // f

    private static final Wire HALF = Wire.plain(16);
    private static final WireFormat HALVES = new WireFormat(HALF, HALF, HALF, HALF);

    /** One block; neither embedding nor head. */
    private static final Units BLOCK = new Units(List.of(0L, ELEMENTS, 0L), false);

    private static Topology topology(String text) {
        return TopologyText.parse(text).orElseThrow().topology();
    }

    private static WireFormat wires(int weights, int gradients, int refresh) {
        return new WireFormat(Wire.plain(weights), HALF, Wire.plain(gradients), Wire.plain(refresh));
    }

    private static Traffic traffic(ShardDegrees degrees, WireFormat wires, int turns) {
        return StepTraffic.of(degrees, FRONTIER, wires, BLOCK, turns * RANKS);
    }

    /** Bytes into a host from others. */
    private static double intoHost(ShardDegrees degrees, WireFormat wires, int turns) {
        Traffic traffic = traffic(degrees, wires, turns);
        assertThat(traffic.busiestBytes(Scale.CLUSTER) * HOSTS).isEqualTo(traffic.totalBytes(Scale.CLUSTER));
        return traffic.totalBytes(Scale.CLUSTER) / (double) HOSTS;
    }

    @ParameterizedTest
    @CsvSource({"1", "2", "4", "8"})
    void shouldCountBetweenHostsWhatTheTableSays(int a) {
        double m = MODEL * OTHERS;
        assertThat(intoHost(ShardDegrees.REPLICATED, HALVES, a)).isEqualTo(2 * m);
        assertThat(intoHost(ShardDegrees.ZERO1, HALVES, a)).isEqualTo(2 * m);
        assertThat(intoHost(ShardDegrees.ZERO2, HALVES, a)).isEqualTo((a + 1) * m);
        assertThat(intoHost(ShardDegrees.ZERO3, HALVES, a)).isEqualTo(3 * a * m);
        assertThat(intoHost(ShardDegrees.ZERO_PLUS_PLUS, HALVES, a)).isEqualTo((1 + a) * m);
        assertThat(intoHost(ShardDegrees.HYBRID, HALVES, a)).isEqualTo(2 * m);
        assertThat(intoHost(ShardDegrees.THREE_LEVELS, HALVES, a)).isEqualTo(2 * m);
    }

    @ParameterizedTest
    @CsvSource({"1", "3", "4", "6", "7"})
    void shouldCountQuantisedTransfersAsPublished(int a) {
        double m = MODEL * OTHERS;
        assertThat(intoHost(ShardDegrees.ZERO_PLUS_PLUS, wires(8, 4, 16), a)).isEqualTo((0.5 + 0.25 * a) * m);
        assertThat(intoHost(ShardDegrees.THREE_LEVELS, wires(8, 4, 16), a)).isEqualTo(1.25 * m);
        assertThat(intoHost(ShardDegrees.THREE_LEVELS, wires(8, 4, 8), a)).isEqualTo(0.75 * m);
    }

    /** Three levels tie with ZeRO++ at three micro-batches with INT4 gradients, at six with a boundary in 16 bits. */
    @Test
    void shouldMeetWhereThePublishedSumsMeet() {
        WireFormat published = wires(8, 4, 16);
        double plusPlus = intoHost(ShardDegrees.ZERO_PLUS_PLUS, published, 3);
        assertThat(intoHost(ShardDegrees.THREE_LEVELS, published, 3)).isEqualTo(plusPlus);
        assertThat(intoHost(ShardDegrees.THREE_LEVELS, HALVES, 6))
                .isEqualTo(intoHost(ShardDegrees.ZERO_PLUS_PLUS, published, 6));
    }

    /** New weights are quantised on the widest of their ways, and go on as they are. */
    @Test
    void shouldCountNewWeightsAsTheyAreSent() {
        Topology topology = topology("2x2x2");
        Quantization quantization = Quantization.NONE.bits(0, 0, 8);
        long sent = Mesh.all(ShardDegrees.THREE_LEVELS, topology).stream()
                .map(mesh -> new TransferBytes(mesh, new ShardPlan(mesh, List.of(ELEMENTS)), quantization, DType.BF16))
                .mapToLong(bytes -> bytes.refresh(0).total())
                .sum();

        Traffic planned = StepTraffic.of(
                ShardDegrees.THREE_LEVELS, topology, WireFormat.of(Precision.BF16, quantization), BLOCK, 8);

        double counted = Stream.of(Scale.values())
                .mapToLong(scale -> planned.totalBytes(scale, Purpose.REFRESH))
                .sum();
        assertThat(counted / sent).isCloseTo(1, within(1e-3));
        assertThat((double) planned.totalBytes(Scale.CLUSTER, Purpose.REFRESH) / ELEMENTS)
                .isCloseTo(1 + 4.0 / 256, within(1e-3)); // each host gets half of them from the other
    }

    @Test
    void shouldCountScales() {
        assertThat(new Wire(8, 2048).bytes(2048L << 20) / (2.0 * (2048L << 20))).isCloseTo(0.501, within(5e-4));
        assertThat(new Wire(4, 2048).bytes(2048L << 20) / (2.0 * (2048L << 20))).isCloseTo(0.251, within(5e-4));
        assertThat(new Wire(4, 256).bytes(2048L << 20) / (2.0 * (2048L << 20))).isCloseTo(0.258, within(5e-4));
        assertThat(new Wire(4, 64).bytes(2048L << 20) / (2.0 * (2048L << 20))).isCloseTo(0.281, within(5e-4));
        assertThat(new Wire(4, 64).bytes(65)).isEqualTo(33 + 8);
    }

    @Test
    void shouldCountInsideHostsWhatTheFormulasSay() {
        int a = 3;
        Traffic three = traffic(ShardDegrees.THREE_LEVELS, wires(16, 4, 16), a);
        double packageWeights = three.totalBytes(Scale.PACKAGE, Purpose.WEIGHTS_FORWARD)
                + three.totalBytes(Scale.PACKAGE, Purpose.WEIGHTS_BACKWARD);
        assertThat(packageWeights / RANKS).isEqualTo(2 * a * MODEL / 2);
        assertThat(three.totalBytes(Scale.HOST, Purpose.WEIGHTS_FORWARD)).isZero();
        assertThat(three.totalBytes(Scale.CLUSTER, Purpose.WEIGHTS_FORWARD)).isZero();
        double gradients =
                three.totalBytes(Scale.PACKAGE, Purpose.GRADIENTS) + three.totalBytes(Scale.HOST, Purpose.GRADIENTS);
        assertThat(gradients / RANKS).isEqualTo(a * 0.25 * MODEL * 7 / 8);

        Traffic copied = traffic(ShardDegrees.ZERO_PLUS_PLUS, HALVES, a);
        double backward = copied.totalBytes(Scale.PACKAGE, Purpose.WEIGHTS_BACKWARD)
                + copied.totalBytes(Scale.HOST, Purpose.WEIGHTS_BACKWARD);
        assertThat(backward / RANKS).isEqualTo(a * MODEL * 7 / 8);
        assertThat(copied.totalBytes(Scale.CLUSTER, Purpose.WEIGHTS_BACKWARD)).isZero();
    }

    static Stream<Topology> topologies() {
        return Stream.of(
                topology("1x8"),
                topology("2x4"),
                topology("4x2"),
                topology("2x2x2"),
                Topology.ofHosts(List.of("a", "a", "a", "b", "b")),
                Topology.ofHosts(List.of("a", "b", "a", "b", "a", "b")));
    }

    /** Whatever the levels, a rank must get all that it does not hold, and gets it once. */
    @ParameterizedTest
    @MethodSource("topologies")
    void shouldSendEachByteOnceToWhoeverLacksIt(Topology topology) {
        TrafficCount count = new TrafficCount(topology);
        List<Integer> ranks = Topology.oneHost(topology.size()).membersOfHost(0);
        long[] bytes = ranks.stream().mapToLong(rank -> 10L + rank * rank).toArray();

        count.add(Purpose.REFRESH, List.of(new Parts(ranks, bytes, 3)));

        Traffic traffic = count.traffic();
        long sent = Stream.of(Scale.values()).mapToLong(traffic::totalBytes).sum();
        assertThat(sent).isEqualTo(3 * (ranks.size() - 1) * Arrays.stream(bytes).sum());
        long all = Arrays.stream(bytes).sum();
        assertThat(traffic.totalBytes(Scale.CLUSTER)).isEqualTo(3 * all * (topology.hosts() - 1));
    }

    @Test
    void shouldVisitTheTableOfATiedHeadTwice() {
        Units untied = new Units(List.of(160L, 320L, 320L, 16L), false);
        Units tied = new Units(List.of(160L, 320L, 320L, 16L), true);
        Topology host = topology("1x4");
        long once = StepTraffic.of(ShardDegrees.ZERO3, host, HALVES, untied, 4)
                .totalBytes(Scale.HOST, Purpose.WEIGHTS_FORWARD);

        assertThat(once).isEqualTo(3 * 2 * (160 + 320 + 320 + 16));
        Traffic traffic = StepTraffic.of(ShardDegrees.ZERO3, host, HALVES, tied, 4);
        assertThat(traffic.totalBytes(Scale.HOST, Purpose.WEIGHTS_FORWARD)).isEqualTo(once + 3 * 2 * 160);
        assertThat(traffic.totalBytes(Scale.HOST, Purpose.WEIGHTS_BACKWARD)).isEqualTo(3 * 2 * (320 + 320));
    }

    @Test
    void shouldAddUpAcrossReplicasWhatOnlyAHostSpreads() {
        ShardDegrees degrees = ShardDegrees.of(Spread.NONE, Spread.NONE, Spread.HOST);

        Traffic traffic = StepTraffic.of(degrees, topology("2x4"), HALVES, new Units(List.of(0L, 6400L, 0L), false), 8);

        assertThat(traffic.totalBytes(Scale.CLUSTER)).isEqualTo(2 * 2 * 6400);
        assertThat(traffic.totalBytes(Scale.HOST, Purpose.GRADIENTS)).isEqualTo(2 * 3 * 2 * 6400);
        assertThat(traffic.totalBytes(Scale.HOST, Purpose.REFRESH)).isEqualTo(2 * 3 * 2 * 6400);
    }

    @Test
    void shouldSendNothingAlone() {
        for (ShardDegrees degrees : List.of(ShardDegrees.REPLICATED, ShardDegrees.ZERO3)) {
            assertThat(StepTraffic.of(degrees, Topology.oneHost(1), HALVES, BLOCK, 4)
                            .flows())
                    .isEmpty();
        }
    }

    @Test
    void shouldCountMessagesThatWaitForEachOther() {
        Traffic traffic = traffic(ShardDegrees.THREE_LEVELS, HALVES, 2);

        assertThat(traffic.messages(Scale.PACKAGE)).isEqualTo(2 * 2 + 2);
        assertThat(traffic.messages(Scale.HOST)).isEqualTo(2 * 3 + 3);
        assertThat(traffic.messages(Scale.CLUSTER)).isEqualTo(47 + 47);
    }
}
