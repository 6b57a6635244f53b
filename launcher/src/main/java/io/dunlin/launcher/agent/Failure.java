package io.dunlin.launcher.agent;

import io.dunlin.launcher.report.Report;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * A rank that ended although nobody had asked it to.
 *
 * @param rank which
 * @param noticedNs when the agent first knew, on its own clock
 * @param silentNs how long the rank had said nothing by then: it may have failed that much earlier
 * @param step it was working on, from 1; 0 before the first
 * @param report what it said, if it could
 * @param exit how its process ended, if it has
 * @param frozen state of the process, if it did not react when told to leave
 */
record Failure(
        int rank,
        long noticedNs,
        long silentNs,
        long step,
        Optional<Report.Failed> report,
        Optional<RankExit> exit,
        Optional<String> frozen) {

    /**
     * The failure that brought the others down: the earliest of a rank that failed by itself; else a rank that did not
     * react any more; else the earliest that only says that a peer is gone.
     */
    static Failure rootCause(List<Failure> failures) {
        return failures.stream()
                .min(Comparator.comparingInt(Failure::remoteness).thenComparingLong(Failure::noticedNs))
                .orElseThrow();
    }

    private int remoteness() {
        return causedByPeer() ? 2 : frozen.isPresent() ? 1 : 0;
    }

    /** Whether this rank says that another is to blame. */
    boolean causedByPeer() {
        return report.map(failed -> failed.cause() == Report.Cause.PEER).orElse(false);
    }

    /** The exit code that the rank meant, or its process status. */
    int exitCode() {
        return report.map(Report.Failed::exitCode)
                .orElseGet(() -> exit.map(RankExit::status).orElse(1));
    }

    /** For people: how it ended. */
    String ending() {
        if (frozen.isPresent()) {
            return "did not react (process %s) and was killed".formatted(frozen.get());
        }
        boolean killed = exit.map(RankExit::bySignal).orElse(false);
        if (report.isPresent() && !killed) {
            return "failed";
        }
        return exit.map(RankExit::describe).orElse("failed");
    }

    /** What it said. */
    String message() {
        return report.map(Report.Failed::message).orElse("");
    }
}
