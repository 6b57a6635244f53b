package io.dunlin.collectives.flight;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * Tells which links between members are slow.
 *
 * <p>The time of a link in an operation is what it took after its sender had sent all and its receiver was there, and what
 * it held the sender back. What links usually take for such an operation is the middle of all links, over time.
 */
final class SlowLinks {
    private static final int REMEMBERED = 32;
    private static final int WARM_UP = 20;
    private static final int DEVIATIONS = 3;
    private static final double SLOW = 1.5;
    private static final double SHARE_OF_END = 0.6;

    private final Map<Cell, Link> links = new TreeMap<>();
    private final Map<Shape, Rolling> usualNs = new HashMap<>();

    /** A link, by members. */
    private record Cell(int from, int to) implements Comparable<Cell> {
        @Override
        public int compareTo(Cell other) {
            return from == other.from ? Integer.compare(to, other.to) : Integer.compare(from, other.from);
        }
    }

    private static final class Link {
        private final Rolling excessHistoryNs = new Rolling(REMEMBERED);
        private final Judgements judgements = new Judgements();
        private long busyNs; // in this iteration
        private long usualNs; // in this iteration
    }

    void add(GroupHistory.Row row) {
        Map<Cell, Long> busyNs = new TreeMap<>();
        for (int to = 0; to < row.members(); to++) {
            OperationRecord.Traffic traffic = row.records().get(to).traffic();
            int from = traffic.previous();
            if (from >= 0 && from < row.members() && traffic.receivedBytes() > 0) {
                busyNs.put(new Cell(from, to), busyNs(row, from, to));
            }
        }
        if (busyNs.isEmpty()) {
            return;
        }
        Rolling usual = usualNs.computeIfAbsent(Shape.of(row.records().getFirst()), shape -> new Rolling(REMEMBERED));
        if (usual.count() >= WARM_UP) {
            busyNs.forEach((cell, ns) -> {
                Link link = links.computeIfAbsent(cell, unknown -> new Link());
                link.busyNs += ns;
                link.usualNs += usual.median();
            });
        }
        usual.add(Rolling.medianOf(
                busyNs.values().stream().mapToLong(Long::longValue).toArray()));
    }

    private static long busyNs(GroupHistory.Row row, int from, int to) {
        long drainedNs = row.lastReceivedNs(to) - Math.max(row.lastSentNs(from), row.enterNs(to));
        OperationRecord.Traffic sender = row.records().get(from).traffic();
        // While the receiver is not there, it is not the link that holds the sender back.
        long awayNs = Math.max(0, row.enterNs(to) - row.enterNs(from));
        long heldBackNs = sender.next() == to ? Math.max(0, sender.sendStallNs() - awayNs) : 0;
        return Math.max(0, drainedNs) + heldBackNs;
    }

    /** The iteration is over; links of members that are slow themselves are not judged. */
    void judge(Threshold threshold, LateRanks ranks) {
        links.forEach((cell, link) -> {
            long excessNs = link.busyNs - link.usualNs;
            boolean slow = link.busyNs > SLOW * link.usualNs
                    && excessNs > threshold.ns(DEVIATIONS * link.excessHistoryNs.deviation());
            boolean ends = ranks.slow(cell.from()) || ranks.slow(cell.to());
            link.judgements.add(slow && !ends ? Judgements.Pace.SLOW : Judgements.Pace.USUAL);
            link.excessHistoryNs.add(excessNs);
        });
    }

    /** The next iteration begins. */
    void begin() {
        links.values().forEach(link -> {
            link.busyNs = 0;
            link.usualNs = 0;
        });
    }

    /** What has to be said, before {@link #begin}. */
    List<Verdict> news(GroupFlight.Key key) {
        Map<List<Integer>, Verdict> news = new LinkedHashMap<>();
        links.forEach((cell, link) -> {
            if (link.judgements.news()) {
                Verdict verdict = verdict(key, cell, link);
                news.putIfAbsent(verdict.culprits(), verdict);
            }
        });
        return List.copyOf(news.values());
    }

    private Verdict verdict(GroupFlight.Key key, Cell cell, Link link) {
        int from = key.ranks().get(cell.from());
        int to = key.ranks().get(cell.to());
        String cost = "%.1f ms per iteration in group %s, where %.1f ms are usual"
                .formatted(link.busyNs / 1e6, key.name(), link.usualNs / 1e6);
        if (mostAreSlow(one -> one.from() == cell.from())) {
            return slow(key, List.of(from), "what rank %d sends takes %s, whoever receives it".formatted(from, cost));
        }
        if (mostAreSlow(one -> one.to() == cell.to())) {
            return slow(key, List.of(to), "what rank %d receives takes %s, whoever sends it".formatted(to, cost));
        }
        return slow(key, List.of(from, to), "the link from rank %d to rank %d takes %s".formatted(from, to, cost));
    }

    private static Verdict slow(GroupFlight.Key key, List<Integer> culprits, String evidence) {
        return new Verdict(Verdict.Kind.SLOW_LINK, culprits, Verdict.Place.of(key), evidence);
    }

    private boolean mostAreSlow(Predicate<Cell> end) {
        List<Link> some = links.entrySet().stream()
                .filter(entry -> end.test(entry.getKey()))
                .map(Map.Entry::getValue)
                .toList();
        long slow = some.stream().filter(link -> link.judgements.enough()).count();
        return some.size() > 1 && slow >= SHARE_OF_END * some.size();
    }
}
