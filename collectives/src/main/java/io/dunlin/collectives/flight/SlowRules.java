package io.dunlin.collectives.flight;

import java.util.ArrayList;
import java.util.List;

/**
 * Tells who is slow in one group, from operations that are over on all members, iteration by iteration. The first
 * iterations teach what is usual, and are not judged.
 */
final class SlowRules {
    private static final int WARM_UP = 20;
    private static final int REMEMBERED = 32;

    private final GroupFlight.Key key;
    private final LateRanks ranks;
    private final SlowLinks links = new SlowLinks();
    private final Rolling periodsNs = new Rolling(REMEMBERED);
    private final List<Verdict> news = new ArrayList<>();
    private long iteration = Flight.NO_ITERATION;

    SlowRules(GroupFlight.Key key) {
        this.key = key;
        this.ranks = new LateRanks(key.ranks().size());
    }

    /** Takes the next operation; the first of another iteration ends the one before. */
    void add(GroupHistory.Row row) {
        long current = row.records().getFirst().iteration();
        if (iteration != Flight.NO_ITERATION && current != iteration) {
            end();
        }
        iteration = current;
        ranks.add(row);
        links.add(row);
    }

    private void end() {
        long periodNs = ranks.periodNs();
        if (periodsNs.count() >= WARM_UP) {
            Threshold threshold = new Threshold(periodsNs.median());
            ranks.judge(threshold);
            links.judge(threshold, ranks);
            news.addAll(ranks.news(key));
            news.addAll(links.news(key));
        } else {
            ranks.learn();
        }
        if (periodNs > 0) {
            periodsNs.add(periodNs);
        }
        ranks.begin();
        links.begin();
    }

    /** Whether enough is known to judge. */
    boolean warm() {
        return periodsNs.count() >= WARM_UP;
    }

    /** What has to be said; once. */
    List<Verdict> news() {
        List<Verdict> said = List.copyOf(news);
        news.clear();
        return said;
    }
}
