package io.dunlin.launcher.agent;

import io.dunlin.collectives.flight.FlightFileException;
import io.dunlin.collectives.flight.Sentinel;
import io.dunlin.collectives.flight.Verdict;
import io.dunlin.launcher.report.Phase;
import io.dunlin.launcher.report.Report;
import io.dunlin.launcher.report.RunEvent;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Says who holds up the others, from what the ranks of a generation have written about their communication; says nothing
 * where nothing was written. Ranks of other hosts are not judged while they run: see {@link RankSightings}.
 */
final class Blame implements AutoCloseable {
    private static final long PACE_NS = 500_000_000L;
    private static final long SAME_SLOW_NS = 600_000_000_000L;

    /** What to tell of a verdict: what ranks are doing when it is found, not when it is told. */
    private record Notice(Verdict verdict, RunEvent.Notice event) {}

    private record Slow(Verdict.Kind kind, List<Integer> culprits) {}

    private final GenerationRun.Context context;
    private final List<RankWatch> ranks;
    private final RankSightings sightings;
    private final Sentinel sentinel;
    private final Map<Slow, Long> slowToldNs = new HashMap<>();
    private Optional<Notice> considered = Optional.empty();
    private Optional<Verdict> said = Optional.empty();
    private long lookedNs;
    private boolean blind;

    /**
     * A watch over ranks that are yet to come.
     *
     * @param folder that they will write to
     * @param ranks where they will appear
     */
    Blame(GenerationRun.Context context, Path folder, List<RankWatch> ranks) {
        this.context = context;
        this.ranks = ranks;
        Deadlines deadlines = context.deadlines();
        this.sightings = new RankSightings(folder, ranks);
        this.sentinel = new Sentinel(new Sentinel.Limits(
                deadlines.of(Phase.FIRST_STEP).dividedBy(2),
                deadlines.of(Phase.STEP).dividedBy(2)));
    }

    /** Looks from time to time, and tells what is new. */
    void look() {
        long nowNs = context.timeline().nowNs();
        if (nowNs - lookedNs >= PACE_NS) {
            lookedNs = nowNs;
            for (Verdict verdict : seen(() -> sentinel.look(nowNs, sightings.ownSinceLast()), List.<Verdict>of())) {
                if (isSeenInFull(verdict) && isAllowed(verdict, nowNs) && isNews(verdict, nowNs)) {
                    said = verdict.hang() ? Optional.of(verdict) : said;
                    context.tell(notice(verdict).event());
                }
            }
        }
    }

    /** A rank of another host may seem to wait for nobody only because nobody here sees what it waits for. */
    private boolean isSeenInFull(Verdict verdict) {
        return verdict.culprits().stream().allMatch(sightings::isOwn);
    }

    /** On a busy machine ranks are slow again and again; the person knows. */
    private boolean isNews(Verdict verdict, long nowNs) {
        if (verdict.hang()) {
            return true;
        }
        Slow slow = new Slow(verdict.kind(), verdict.culprits());
        Long toldNs = slowToldNs.get(slow);
        boolean news = toldNs == null || nowNs - toldNs >= SAME_SLOW_NS;
        if (news) {
            slowToldNs.put(slow, nowNs);
        }
        return news;
    }

    /** A rank that saves or evaluates may take long: what is its right is no hang. */
    private boolean isAllowed(Verdict verdict, long nowNs) {
        return verdict.kind() != Verdict.Kind.NOT_ENTERED
                || verdict.culprits().stream()
                        .map(ranks::get)
                        .anyMatch(watch -> nowNs - watch.phaseSinceNs()
                                > context.deadlines()
                                        .of(watch.phase())
                                        .dividedBy(2)
                                        .toNanos());
    }

    /** Finds out what the ranks wait for now, before they are told to leave. */
    void consider() {
        considered = seen(this::explained, Optional.<Verdict>empty()).map(this::notice);
    }

    private Optional<Verdict> explained() {
        long nowNs = context.timeline().nowNs();
        // Of ranks of other hosts that have ended, only what needs no clock.
        return sentinel.explain(nowNs, sightings.ownAndEnded())
                .filter(verdict -> verdict.kind() == Verdict.Kind.DEAD || verdict.kind() == Verdict.Kind.DESYNC)
                .or(() -> sentinel.explain(nowNs, sightings.own()).filter(this::isSeenInFull));
    }

    /** Tells what was found out, unless that was told when it began. */
    void tell() {
        considered
                .filter(found -> said.filter(before -> before.kind()
                                        == found.verdict().kind()
                                && before.culprits().equals(found.verdict().culprits()))
                        .isEmpty())
                .ifPresent(found -> context.tell(found.event()));
        considered = Optional.empty();
    }

    private Notice notice(Verdict verdict) {
        Report.Level level = verdict.hang() ? Report.Level.WARNING : Report.Level.INFO;
        return new Notice(verdict, new RunEvent.Notice(level, verdict.paragraph(this::doing)));
    }

    private String doing(int rank) {
        RankWatch watch = ranks.get(rank);
        String where =
                watch.phase().title() + (watch.workingOn() == 0 ? ", before step 1" : ", step " + watch.workingOn());
        String frames = String.join(
                " <- ", watch.frames().subList(0, Math.min(3, watch.frames().size())));
        return "its process is %s, in phase %s%s"
                .formatted(watch.handle().state(), where, frames.isEmpty() ? "" : ", in " + frames);
    }

    /** What cannot be read is said once, and not tried again: training does not depend on it. */
    private <T> T seen(Supplier<T> look, T nothing) {
        if (blind) {
            return nothing;
        }
        try {
            return look.get();
        } catch (FlightFileException | UncheckedIOException e) {
            blind = true;
            context.tell(new RunEvent.Notice(
                    Report.Level.WARNING, "nobody watches the ranks' communication: " + e.getMessage()));
            return nothing;
        }
    }

    @Override
    public void close() {
        sightings.close();
    }
}
