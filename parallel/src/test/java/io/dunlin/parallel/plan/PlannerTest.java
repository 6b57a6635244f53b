package io.dunlin.parallel.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.dunlin.collectives.Topology;
import io.dunlin.collectives.Topology.Scale;
import io.dunlin.data.BatchPlan;
import io.dunlin.model.ModelConfig;
import io.dunlin.model.ModelOutline;
import io.dunlin.model.Precision;
import io.dunlin.model.Recompute;
import io.dunlin.parallel.mesh.ShardDegrees;
import io.dunlin.parallel.mesh.TopologyText;
import io.dunlin.parallel.plan.LayoutSearch.Candidate;
import io.dunlin.parallel.plan.LayoutSearch.Change;
import io.dunlin.parallel.shard.Quantization;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PlannerTest {
    private static final ModelConfig TWENTY_BILLION = ModelConfig.gpt(44, 6144, 64, 50_257, 2048);
    private static final ModelConfig SMALL = ModelConfig.gpt(4, 64, 4, 256, 32);
    private static final Hardware MI250X = Hardware.named("mi250x").orElseThrow();

    private static Workload workload(ModelConfig config, int rows, int microBatches, Recompute recompute) {
        BatchPlan batch = BatchPlan.of(config.context(), rows, (long) rows * microBatches * config.context());
        return new Workload(ModelOutline.of(config), Precision.BF16, batch, recompute);
    }

    private static Planner on(String topology) {
        return new Planner(TopologyText.parse(topology).orElseThrow().topology(), Optional.of(MI250X), 0.4);
    }

    @Test
    void shouldPlanTheLargestPublishedSetting() {
        Workload workload = workload(TWENTY_BILLION, 2, 2 * 384, Recompute.LAYER);
        Plan plan = on("48x4x2").plan(workload, ShardDegrees.THREE_LEVELS);

        long elements = workload.model().flatElements();
        assertThat(plan.spans()).isEqualTo(new Plan.Spans(2, 8, 384, 0));
        assertThat(plan.turns()).isEqualTo(2);
        assertThat(plan.memory().weights()).isCloseTo(elements, within(46 * 64L));
        assertThat(plan.memory().gradients()).isCloseTo(elements / 2, within(46 * 64L));
        assertThat(plan.traffic().totalBytes(Scale.CLUSTER, Purpose.WEIGHTS_FORWARD))
                .isZero();
        assertThat(plan.traffic().totalBytes(Scale.CLUSTER, Purpose.GRADIENTS)).isEqualTo(47 * 4 * elements);
        assertThat(plan.traffic().totalBytes(Scale.CLUSTER, Purpose.REFRESH)).isEqualTo(47 * 2 * elements);
        assertThat(workload.checkpointBytes()).isEqualTo(12 * TWENTY_BILLION.parameterCount());
    }

    /** Forward, backward of twice that, and forward again of all but the head. */
    @Test
    void shouldComputeAgainWhatIsNotKept() {
        Workload kept = workload(SMALL, 2, 8, Recompute.NONE);
        double head = 6.0 * 256 * 64 * 64;

        assertThat(kept.flopsPerMicroBatch()).isEqualTo(64.0 * SMALL.flopsPerToken());
        assertThat(kept.recomputing().flopsPerMicroBatch())
                .isCloseTo(kept.flopsPerMicroBatch() * 4 / 3 - head / 3, within(1.0));
        assertThat(kept.recomputing().activationBytes()).isLessThan(kept.activationBytes());
    }

    @Test
    void shouldBoundTheTimeOfAStepFromBothSides() {
        Planner planner = on("2x2x2");
        Workload workload = workload(SMALL, 2, 16, Recompute.NONE);
        Plan plan = planner.plan(workload, ShardDegrees.THREE_LEVELS);
        StepTime time = plan.time().orElseThrow();

        assertThat(time.computeSeconds())
                .isCloseTo(2 * workload.flopsPerMicroBatch() / (0.4 * 191.5e12), within(1e-12));
        Traffic traffic = plan.traffic();
        assertThat(time.linkSeconds().get(Scale.CLUSTER))
                .isCloseTo(
                        traffic.messages(Scale.CLUSTER) * 19.8e-6 + traffic.busiestBytes(Scale.CLUSTER) / 100e9,
                        within(1e-12));
        assertThat(time.withoutOverlap()).isEqualTo(time.computeSeconds() + time.communicationSeconds());
        assertThat(time.withFullOverlap()).isLessThan(time.withoutOverlap());
        assertThat(new StepTime(2, Map.of(Scale.HOST, 3.0, Scale.CLUSTER, 1.0)).withFullOverlap())
                .isEqualTo(3);
    }

    /**
     * 40 GB of weights over 100 GB/s: 1.2, 0.3 and 0.5 s for one micro-batch, 9.6, 1.0 and 0.5 s for eight. The published
     * 0.4 s of a gather are less by what slots keep: two of four blocks in each direction but the first.
     */
    @Test
    void shouldTakeTheTimeOfThePublishedExample() {
        double kept = 0.4 * 2 / 4;
        assertThat(clusterSeconds(ShardDegrees.ZERO3, 16, 16, 1)).isCloseTo(1.2 - kept, within(0.03));
        assertThat(clusterSeconds(ShardDegrees.ZERO_PLUS_PLUS, 8, 4, 1)).isCloseTo(0.3, within(0.01));
        assertThat(clusterSeconds(ShardDegrees.THREE_LEVELS, 8, 4, 1)).isCloseTo(0.5, within(0.02));
        assertThat(clusterSeconds(ShardDegrees.ZERO3, 16, 16, 8)).isCloseTo(9.6 - 15 * kept, within(0.21));
        assertThat(clusterSeconds(ShardDegrees.ZERO_PLUS_PLUS, 8, 4, 8)).isCloseTo(1.0, within(0.03));
        assertThat(clusterSeconds(ShardDegrees.THREE_LEVELS, 8, 4, 8)).isCloseTo(0.5, within(0.02));
    }

    private static double clusterSeconds(ShardDegrees degrees, int weights, int gradients, int turns) {
        Topology frontier = TopologyText.parse("48x4x2").orElseThrow().topology();
        Wire half = Wire.plain(16);
        WireFormat wires = new WireFormat(Wire.plain(weights), half, Wire.plain(gradients), half, half);
        long block = 5_000_000_000L;
        StepTraffic.Units units = new StepTraffic.Units(List.of(0L, block, block, block, block, 0L));
        Traffic traffic = StepTraffic.of(degrees, frontier, wires, units, turns * 384);
        return StepTime.of(0, traffic, MI250X).linkSeconds().getOrDefault(Scale.CLUSTER, 0.0);
    }

    @Test
    void shouldKnowNoTimeWithoutHardware() {
        Planner planner = new Planner(Topology.oneHost(2), Optional.empty(), 0.4);

        assertThat(planner.plan(workload(SMALL, 2, 4, Recompute.NONE), ShardDegrees.ZERO3)
                        .time())
                .isEmpty();
        assertThatThrownBy(() -> new Planner(Topology.oneHost(2), Optional.empty(), 0))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldSayWhereEachFigureComesFrom() {
        assertThat(Hardware.known()).extracting(Hardware::name).containsExactly("mi250x", "a100", "h100", "v100");
        assertThat(Hardware.known()).allSatisfy(one -> {
            assertThat(one.source()).contains("data sheet", "latency");
            assertThat(one.halfFlops()).isGreaterThan(one.singleFlops());
            assertThat(one.hostLink().bytesPerSecond()).isPositive();
        });
        assertThat(Hardware.named("b300")).isEmpty();
    }

    @Test
    void shouldRankLayoutsAndSayWhatKeepsTheOthersFromFitting() {
        LayoutSearch search = new LayoutSearch(on("48x4x2"), MI250X.memoryBytes());

        List<Candidate> all = search.all(workload(TWENTY_BILLION, 1, 384, Recompute.LAYER), Quantization.NONE);

        // nested triples by the spread of weights, times the second copies that each may have
        assertThat(all)
                .hasSize(10 + 6 + 3 * 2 + 3)
                .extracting(c -> c.plan().degrees())
                .doesNotHaveDuplicates();
        assertThat(all.getFirst().excess()).isEmpty();
        Candidate last = all.getLast();
        assertThat(last.plan().degrees()).isEqualTo(ShardDegrees.REPLICATED);
        assertThat(last.excess().orElseThrow().largestClass()).isEqualTo("optimizer state");
        List<Double> seconds = all.stream()
                .filter(candidate -> candidate.excess().isEmpty())
                .map(candidate -> candidate.plan().time().orElseThrow().withoutOverlap())
                .toList();
        assertThat(seconds).isSorted().hasSizeGreaterThan(3);
    }

    @Test
    void shouldTryMessagesOfFewerBitsWhereThereAreAny() {
        LayoutSearch search = new LayoutSearch(on("2x2"), Long.MAX_VALUE);

        List<Candidate> all = search.all(workload(SMALL, 1, 8, Recompute.NONE), Quantization.ZERO_PLUS_PLUS);

        assertThat(all)
                .extracting(Candidate::label)
                .doesNotHaveDuplicates()
                .contains("none", "zero1", "zero1 G4", "zero3", "zero3 W8", "zero3 G4", "zero3 W8 G4", "zero++ W8 G4")
                .doesNotContain("none G4", "zero1 W8 G4", "none-none-host G4");
        assertThat(bytes(all, "zero3 W8 G4")).isLessThan(0.3 * bytes(all, "zero3"));
    }

    private static double bytes(List<Candidate> all, String label) {
        return all.stream()
                .filter(candidate -> candidate.label().equals(label))
                .mapToDouble(candidate -> candidate.plan().traffic().totalBytes(Scale.CLUSTER))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void shouldTryEachLayoutOnceWhereLevelsAreAlike() {
        Workload workload = workload(SMALL, 1, 8, Recompute.NONE);

        assertThat(new LayoutSearch(on("1x8"), Long.MAX_VALUE).all(workload, Quantization.NONE))
                .extracting(candidate -> candidate.plan().degrees().label())
                .containsExactlyInAnyOrder("none", "zero1", "zero2", "zero3");
        assertThat(new LayoutSearch(on("1x2x2"), Long.MAX_VALUE).all(workload, Quantization.NONE))
                .extracting(candidate -> candidate.plan().degrees().label())
                .contains("topo", "zero3", "package-package-package")
                .doesNotContain("hsdp");
    }

    @Test
    void shouldLeaveOutWhatUnevenHostsCannotDo() {
        Topology uneven = Topology.ofHosts(List.of("a", "a", "a", "b", "b"));
        LayoutSearch search = new LayoutSearch(new Planner(uneven, Optional.empty(), 0.4), Long.MAX_VALUE);

        assertThat(search.all(workload(SMALL, 1, 8, Recompute.NONE), Quantization.NONE))
                .extracting(candidate -> candidate.plan().degrees().label())
                .containsExactlyInAnyOrder("none", "zero1", "zero2", "zero3", "zero++");
    }

    @Test
    void shouldNameTheSmallestChangesThatFit() {
        Workload workload = workload(TWENTY_BILLION, 8, 384, Recompute.NONE);
        LayoutSearch search = new LayoutSearch(on("48x4x2"), MI250X.memoryBytes());

        List<Change> changes = search.changes(workload, ShardDegrees.THREE_LEVELS);
        assertThat(changes).isNotEmpty().allSatisfy(change -> assertThat(
                        change.plan().memory().total())
                .isLessThanOrEqualTo(MI250X.memoryBytes()));
        assertThat(changes)
                .extracting(Change::sentence)
                .contains("train.micro_batch = 1", "train.recompute = \"layer\"");

        List<Change> wider = search.changes(workload(TWENTY_BILLION, 1, 384, Recompute.LAYER), ShardDegrees.REPLICATED);
        assertThat(wider).singleElement().satisfies(change -> assertThat(change.sentence())
                .startsWith("parallel.shard = "));
        assertThat(new LayoutSearch(on("48x4x2"), 1 << 20).changes(workload, ShardDegrees.ZERO3))
                .isEmpty();
    }
}
