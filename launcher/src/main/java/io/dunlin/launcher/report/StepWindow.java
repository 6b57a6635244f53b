package io.dunlin.launcher.report;

import java.util.HashMap;
import java.util.Map;

/**
 * Gathers the steps between two step lines. A rate counts the time of steps alone, so that saving and evaluation do not
 * lower it; a share counts the steps of all ranks.
 */
final class StepWindow {
    private final Map<Integer, Times> byRank = new HashMap<>();
    private long steps;
    private long tokens;
    private long leadNs;

    private record Times(long stepNs, long dataNs, long communicationNs) {
        Times plus(Report.Step step) {
            return new Times(stepNs + step.stepNs(), dataNs + step.dataNs(), communicationNs + step.communicationNs());
        }
    }

    /** A rank has completed a step; tokens are counted once, with rank 0. */
    void add(int rank, Report.Step step) {
        steps++;
        byRank.merge(rank, new Times(0, 0, 0).plus(step), (old, _) -> old.plus(step));
        if (rank == 0) {
            tokens += step.tokens();
            leadNs += step.stepNs();
        }
    }

    double tokensPerSecond() {
        return leadNs == 0 ? 0 : tokens * 1e9 / leadNs;
    }

    /** Of the ranks' time, the share that waited for data. */
    double dataShare() {
        long all = byRank.values().stream().mapToLong(Times::stepNs).sum();
        return all == 0
                ? 0
                : (double) byRank.values().stream().mapToLong(Times::dataNs).sum() / all;
    }

    /** Of the ranks' time, the share that waited for other ranks. */
    double communicationShare() {
        long all = byRank.values().stream().mapToLong(Times::stepNs).sum();
        return all == 0
                ? 0
                : (double) byRank.values().stream()
                                .mapToLong(Times::communicationNs)
                                .sum()
                        / all;
    }

    /** What a rank waited for other ranks in a step, on average, in milliseconds. */
    double communicationMs() {
        return steps == 0
                ? 0
                : byRank.values().stream().mapToLong(Times::communicationNs).sum() / 1e6 / steps;
    }

    void clear() {
        byRank.clear();
        steps = 0;
        tokens = 0;
        leadNs = 0;
    }
}
