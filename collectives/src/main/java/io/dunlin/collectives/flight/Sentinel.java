package io.dunlin.collectives.flight;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Compares what the ranks of a run have written down, and says who holds up the others: a rank that is dead, stands still
 * or is busy elsewhere, a link that brings nothing, ranks that disagree; and, while all goes on, who slows the others down.
 *
 * <p>It knows nothing of files, processes and clocks: it is shown the ranks again and again, and answers with what is new.
 * Nothing is said twice while it lasts.
 */
public final class Sentinel {
    private static final int REMEMBERED = 256;
    private static final double ALL_BUT_FEW = 0.99;

    private final Limits limits;
    private final HangRules hangs = new HangRules(this::usualNs);
    private final Map<GroupFlight.Key, Group> groups = new HashMap<>();
    private final Map<Shape, Rolling> tookNs = new HashMap<>();
    private Optional<Verdict> hang = Optional.empty();

    /**
     * How long a rank that is alive may keep the others waiting.
     *
     * @param first in the first iterations, with compilation and first touches of memory
     * @param step later
     */
    public record Limits(Duration first, Duration step) {}

    private record Group(GroupHistory history, SlowRules rules) {}

    /** Makes one that has seen nothing. */
    public Sentinel(Limits limits) {
        this.limits = limits;
    }

    /**
     * Looks at all ranks.
     *
     * @param nowNs on the clock of the ranks' host
     * @param sightings of the ranks that can be seen
     * @return what is new
     */
    public List<Verdict> look(long nowNs, List<Sighting> sightings) {
        learn(sightings);
        List<Verdict> news = new ArrayList<>();
        groups.values().forEach(group -> news.addAll(group.rules().news()));
        boolean warm = groups.values().stream().anyMatch(group -> group.rules().warm());
        Duration limit = warm ? limits.step() : limits.first();
        Optional<Verdict> found = hangs.judge(nowNs, sightings, limit.toNanos());
        found.filter(verdict -> !isSaid(verdict)).ifPresent(news::add);
        hang = found;
        return news;
    }

    private boolean isSaid(Verdict verdict) {
        return hang.filter(said -> said.kind() == verdict.kind()
                        && said.culprits().equals(verdict.culprits())
                        && said.place().operation() == verdict.place().operation())
                .isPresent();
    }

    /** What the ranks wait for now, however short they have; nothing if they do not. */
    public Optional<Verdict> explain(long nowNs, List<Sighting> sightings) {
        return hangs.explain(nowNs, sightings);
    }

    private void learn(List<Sighting> sightings) {
        Map<GroupFlight.Key, List<Sighting>> members = new HashMap<>();
        for (Sighting sighting : sightings) {
            for (GroupFlight group : sighting.groups()) {
                members.computeIfAbsent(group.key(), key -> new ArrayList<>()).add(sighting);
            }
        }
        groups.keySet().retainAll(members.keySet());
        members.forEach((key, seen) -> {
            if (seen.size() == key.ranks().size()) {
                learn(key, seen);
            }
        });
    }

    /** Only a group that is seen in full can be compared. */
    private void learn(GroupFlight.Key key, List<Sighting> seen) {
        List<GroupFlight> flights = new ArrayList<>();
        List<Flight.Clock> clocks = new ArrayList<>();
        for (int rank : key.ranks()) {
            Sighting sighting =
                    seen.stream().filter(one -> one.rank() == rank).findFirst().orElseThrow();
            clocks.add(sighting.flight().clock());
            flights.add(sighting.groups().stream()
                    .filter(group -> group.key().equals(key))
                    .findFirst()
                    .orElseThrow());
        }
        Group known = groups.get(key);
        boolean openedAgain = known != null
                && flights.stream()
                        .anyMatch(flight -> flight.entered() < known.history().next());
        Group group = known == null || openedAgain
                ? new Group(new GroupHistory(key.ranks().size()), new SlowRules(key))
                : known;
        groups.put(key, group);
        group.history().take(flights, clocks, row -> {
            row.records().forEach(record -> tookNs.computeIfAbsent(Shape.of(record), shape -> new Rolling(REMEMBERED))
                    .add(record.times().doneNs() - record.times().enterNs()));
            group.rules().add(row);
        });
    }

    private long usualNs(OperationRecord operation) {
        Rolling known = tookNs.get(Shape.of(operation));
        return known == null ? 0 : known.quantile(ALL_BUT_FEW);
    }
}
