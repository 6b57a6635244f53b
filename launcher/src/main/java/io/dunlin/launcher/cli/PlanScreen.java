package io.dunlin.launcher.cli;

import io.dunlin.collectives.Topology.Level;
import io.dunlin.collectives.Topology.Scale;
import io.dunlin.launcher.job.Job;
import io.dunlin.launcher.report.Readable;
import io.dunlin.launcher.report.TrafficLines;
import io.dunlin.model.ModelConfig;
import io.dunlin.model.Recompute;
import io.dunlin.parallel.mesh.ShardDegrees;
import io.dunlin.parallel.plan.Hardware;
import io.dunlin.parallel.plan.LayoutSearch;
import io.dunlin.parallel.plan.LayoutSearch.Candidate;
import io.dunlin.parallel.plan.LayoutSearch.Change;
import io.dunlin.parallel.plan.LayoutSearch.Excess;
import io.dunlin.parallel.plan.Plan;
import io.dunlin.parallel.plan.Planner;
import io.dunlin.parallel.plan.Purpose;
import io.dunlin.parallel.plan.RankMemory;
import io.dunlin.parallel.plan.SpreadText;
import io.dunlin.parallel.plan.StepTime;
import io.dunlin.parallel.plan.Traffic;
import io.dunlin.parallel.plan.WireFormat;
import io.dunlin.parallel.plan.Workload;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;

/** A plan as people read it: one screen. */
final class PlanScreen {
    private static final double PUBLISHED_RATIO = 1.71;

    private final PrintStream out;
    private final Terminal terminal;
    private final PlanSite site;
    private final LayoutSearch layouts;
    private final Planner planner;
    private final Workload workload;

    PlanScreen(Terminal terminal, PlanSite site, LayoutSearch layouts, Workload workload) {
        this.out = terminal.out();
        this.terminal = terminal;
        this.site = site;
        this.layouts = layouts;
        this.planner = layouts.planner();
        this.workload = workload;
    }

    /** What is trained where. */
    void head(Job job) {
        ModelConfig model = workload.model().config();
        line(
                "model",
                "%s, %s parameters: %d layers, width %s, vocabulary %s, %s",
                job.model().family().name().toLowerCase(Locale.ROOT),
                Readable.about(model.parameterCount()),
                model.layers(),
                Readable.count(model.width()),
                Readable.count(model.vocabulary()),
                workload.precision().label());
        line("ranks", "%s", site.describe(planner.topology()));
        line(
                "batch",
                "%s tokens a step = %s micro-batches of %d x %s%s",
                Readable.count(workload.batch().tokensPerStep()),
                Readable.count(workload.batch().microBatches()),
                workload.batch().microBatch(),
                Readable.count(workload.batch().context()),
                workload.recompute() == Recompute.LAYER ? ", blocks computed again in backward" : "");
        if (job.run().deterministic()) {
            line(
                    "remark",
                    "run.deterministic sends more between hosts than counted here, for the same bits on any ranks");
        }
    }

    private void line(String title, String format, Object... values) {
        out.printf("%-10s %s%n", title, String.format(Locale.ROOT, format, values));
    }

    /** One layout. */
    void plan(Candidate candidate) {
        Plan plan = candidate.plan();
        Plan.Spans spans = plan.spans();
        line(
                "layout",
                "%s: weights over %s, gradients %s, optimizer %s%s; up to %d micro-batch%s a rank",
                SpreadText.word(plan.degrees()),
                ranks(spans.weights()),
                Readable.count(spans.gradients()),
                Readable.count(spans.optimizer()),
                spans.secondary() == 0 ? "" : ", second copy " + Readable.count(spans.secondary()),
                plan.turns(),
                plan.turns() == 1 ? "" : "es");
        out.println();
        memory(candidate);
        out.println();
        traffic(plan.traffic());
        out.println();
        plan.time().ifPresent(time -> time(time, site.hardware().orElseThrow()));
        line("checkpoint", "%s: values and two moments in F32", Readable.bytes(workload.checkpointBytes()));
    }

    private static String ranks(int ranks) {
        return Readable.count(ranks) + (ranks == 1 ? " rank" : " ranks");
    }

    private void memory(Candidate candidate) {
        RankMemory memory = candidate.plan().memory();
        out.println("memory of a rank");
        row("weights", memory.weights());
        row("second copy of weights", memory.secondary());
        row("gradients, F32", memory.gradients());
        row("masters, F32", memory.masters());
        row("moments, F32", memory.moments());
        row("gathered weights", memory.gathered());
        row("gradients of units", memory.unitGradients());
        row("error feedback, F32", memory.carried());
        row("activations", memory.activations());
        boolean known = layouts.limitBytes() < Long.MAX_VALUE;
        String limit = known ? " of " + Readable.memory(layouts.limitBytes()) : "";
        String verdict = candidate.excess().isPresent()
                ? terminal.style().alarm("does not fit")
                : terminal.style().good("fits");
        out.printf("  %-24s %10s%s%s%n", "total", Readable.memory(memory.total()), limit, known ? ": " + verdict : "");
    }

    private void row(String what, long bytes) {
        if (bytes > 0) {
            out.printf("  %-24s %10s%n", what, Readable.memory(bytes));
        }
    }

    private void traffic(Traffic traffic) {
        List<Scale> levels = planner.topology().levels().stream()
                .map(Level::scale)
                .filter(level -> level != Scale.CLUSTER || planner.topology().hosts() > 1)
                .toList();
        out.printf("%-26s", "sent in a step");
        levels.forEach(level -> out.printf(" %16s", TrafficLines.name(level)));
        out.println();
        for (Purpose purpose : Purpose.values()) {
            if (levels.stream().anyMatch(level -> traffic.totalBytes(level, purpose) > 0)) {
                cells("  " + purpose.label(), levels, level -> traffic.totalBytes(level, purpose));
            }
        }
        cells("  all ranks", levels, traffic::totalBytes);
        cells(
                "  a rank",
                levels,
                level -> traffic.totalBytes(level) / planner.topology().size());
        if (levels.contains(Scale.CLUSTER)) {
            cells("  into a host", levels, level -> level == Scale.CLUSTER ? traffic.busiestBytes(level) : 0);
        }
    }

    private void cells(String title, List<Scale> levels, ToLongFunction<Scale> bytes) {
        out.printf("%-26s", title);
        levels.forEach(level -> {
            long value = bytes.applyAsLong(level);
            out.printf(" %16s", value == 0 ? "-" : Readable.bytes(value));
        });
        out.println();
    }

    private void time(StepTime time, Hardware hardware) {
        String links = time.linkSeconds().entrySet().stream()
                .map(entry -> ", %s %s".formatted(TrafficLines.name(entry.getKey()), seconds(entry.getValue())))
                .collect(Collectors.joining());
        line(
                "time",
                "compute %s (%.0f %% of %.0f TFLOP/s)%s",
                seconds(time.computeSeconds()),
                planner.efficiency() * 100,
                hardware.flops(workload.precision()) / 1e12,
                links);
        line(
                "",
                "a step: %s if all of it overlaps, %s if nothing does: %s to %s tokens/s",
                seconds(time.withFullOverlap()),
                seconds(time.withoutOverlap()),
                Readable.about(workload.batch().tokensPerStep() / time.withoutOverlap()),
                Readable.about(workload.batch().tokensPerStep() / time.withFullOverlap()));
    }

    private static String seconds(double seconds) {
        if (seconds < 1) {
            return String.format(Locale.ROOT, seconds < 1e-3 ? "%.3f ms" : "%.1f ms", seconds * 1e3);
        }
        return String.format(Locale.ROOT, "%.2f s", seconds);
    }

    /** Why it does not fit, and what would. */
    void refusal(Candidate candidate, List<Change> changes) {
        Excess excess = candidate.excess().orElseThrow();
        line(
                terminal.style().alarm("too large"),
                "by %s; most of it: %s",
                Readable.memory(excess.bytes()),
                excess.largestClass());
        if (changes.isEmpty()) {
            line("", "no layout of these ranks fits: more ranks, or a smaller model");
        }
        changes.forEach(change -> line(
                "",
                "%s would fit: %s%s",
                change.sentence(),
                Readable.memory(change.plan().memory().total()),
                change.plan()
                        .time()
                        .map(time -> ", " + seconds(time.withoutOverlap()) + " a step if nothing overlaps")
                        .orElse("")));
    }

    /** All layouts, the best first. */
    List<Candidate> ranking(List<Candidate> candidates) {
        out.printf(
                "%n%-32s %9s %9s %9s %11s %11s%n",
                "layout", "memory", "in hosts", "between", "overlapped", "one by one");
        for (Candidate candidate : candidates) {
            Plan plan = candidate.plan();
            Traffic traffic = plan.traffic();
            long inside = traffic.totalBytes(Scale.PACKAGE) + traffic.totalBytes(Scale.HOST);
            out.printf(
                    "%-32s %9s %9s %9s %11s %11s%s%n",
                    SpreadText.word(plan.degrees()),
                    Readable.memory(plan.memory().total()),
                    inside == 0 ? "-" : Readable.bytes(inside),
                    traffic.totalBytes(Scale.CLUSTER) == 0 ? "-" : Readable.bytes(traffic.totalBytes(Scale.CLUSTER)),
                    plan.time().map(time -> seconds(time.withFullOverlap())).orElse("-"),
                    plan.time().map(time -> seconds(time.withoutOverlap())).orElse("-"),
                    candidate
                            .excess()
                            .map(excess -> "  too large: " + excess.largestClass())
                            .orElse(""));
        }
        out.printf(
                "%nA layout without a name is weights-gradients-optimizer+second copy, each over the level that it names; a%n"
                        + "job file cannot say it yet. Bytes are those of all ranks in a step.%n");
        return candidates;
    }

    /** Three levels beside ZeRO++, where there are three levels, and what was published. */
    void comparison() {
        boolean three = planner.topology().levels().size() == 3
                && planner.topology().hosts() > 1
                && planner.hardware().isPresent();
        if (!three) {
            return;
        }
        WireFormat built = WireFormat.of(workload.precision());
        line("compare", "topo : zero++, speed: %s as it is built (gradients in F32)", ratio(built));
        line(
                "",
                "  %s with INT8 weights and INT4 gradients on the wire, blocks of 2048",
                ratio(WireFormat.published()));
        line(
                "",
                "  published: %.2f for a GPT of 20 B on 48 hosts of 8 MI250X dies (arXiv 2501.04266); its batch and",
                PUBLISHED_RATIO);
        line("", "  overlap are not known here. Each range: all of it overlaps, nothing does");
    }

    private String ratio(WireFormat wires) {
        StepTime topo = timed(ShardDegrees.THREE_LEVELS, wires);
        StepTime plusPlus = timed(ShardDegrees.ZERO_PLUS_PLUS, wires);
        return String.format(
                Locale.ROOT,
                "%.2f to %.2f",
                plusPlus.withFullOverlap() / topo.withFullOverlap(),
                plusPlus.withoutOverlap() / topo.withoutOverlap());
    }

    private StepTime timed(ShardDegrees degrees, WireFormat wires) {
        return planner.plan(workload, degrees, wires).time().orElseThrow();
    }
}
