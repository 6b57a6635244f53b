package io.dunlin.launcher.agent;

import io.dunlin.launcher.report.Phase;
import io.dunlin.launcher.report.RunEvent;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;

/** Says, at a calm pace, what a generation is waiting for and who is missing. */
final class WaitingLines {
    private final GenerationRun.Context context;
    private final long firstNs;
    private final long nextNs;
    private boolean said;
    private long saidNs;

    WaitingLines(GenerationRun.Context context, Duration first, Duration next) {
        this.context = context;
        this.firstNs = first.toNanos();
        this.nextNs = next.toNanos();
    }

    /** Tells about the phase of the slowest rank, if it has lasted long enough since anything was said about it. */
    void look(List<RankWatch> ranks, boolean live) {
        long nowNs = context.timeline().nowNs();
        List<RankWatch> waitedFor = ranks.stream()
                .filter(watch -> watch.running() && (live || !watch.ready()))
                .toList();
        if (waitedFor.isEmpty()) {
            return;
        }
        RankWatch slowest = waitedFor.stream()
                .min(Comparator.comparing(RankWatch::phase).thenComparingLong(RankWatch::phaseSinceNs))
                .orElseThrow();
        Phase phase = slowest.phase();
        long phaseSinceNs = slowest.phaseSinceNs();
        long limitNs = context.deadlines().of(phase).toNanos();
        // A step may well take seconds; it is worth a line only when it has used half of its time.
        long patienceNs = phase.compareTo(Phase.STEP) < 0 ? firstNs : Math.max(firstNs, limitNs / 2);
        if (nowNs - phaseSinceNs >= patienceNs && (!said || nowNs - saidNs >= nextNs)) {
            said = true;
            saidNs = nowNs;
            List<Integer> missing = waitedFor.stream()
                    .filter(watch -> watch.phase() == phase)
                    .map(RankWatch::rank)
                    .toList();
            context.tell(new RunEvent.Waiting(
                    phase,
                    missing,
                    ranks.size(),
                    Duration.ofNanos(nowNs - phaseSinceNs),
                    Duration.ofNanos(Math.max(0, limitNs - (nowNs - phaseSinceNs)))));
        }
    }
}
