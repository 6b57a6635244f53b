package io.dunlin.collectives.flight;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Tells why a message does not move: from who waits for whom, and whether that one is dead, stands still, has called the
 * other end, or waits itself.
 *
 * <p>A receive that was called early holds up nobody while its rank goes on, so only ranks whose groups stand still count.
 */
final class MessageRules {
    private final long nowNs;
    private final List<Sighting> sightings;
    private final List<Wait> waits = new ArrayList<>();

    /** A rank that waits for another to send, or to take what is sent. */
    private record Wait(Sighting waiting, GroupFlight group, int peer, Direction direction, long sinceNs) {
        String words(long nowNs) {
            return "rank %d has waited %.1f s for a message %s rank %d"
                    .formatted(waiting.rank(), (nowNs - sinceNs) / 1e9, direction.preposition, peerRank());
        }

        int peerRank() {
            return group.ranks().get(peer);
        }
    }

    private enum Direction {
        FROM("from"),
        TO("to");

        private final String preposition;

        Direction(String preposition) {
            this.preposition = preposition;
        }

        long sinceNs(LinkRecord.Messages messages) {
            return this == FROM ? messages.receivingSinceNs() : messages.sendingSinceNs();
        }

        Direction opposite() {
            return this == FROM ? TO : FROM;
        }
    }

    /** Looks at ranks; those that have waited for {@code limitNs} and longer count. */
    MessageRules(long nowNs, List<Sighting> sightings, long limitNs) {
        this.nowNs = nowNs;
        this.sightings = sightings;
        for (Sighting sighting : sightings) {
            if (sighting.running() && nowNs - movedNs(sighting) >= HangRules.STILL_NS) {
                sighting.groups().forEach(group -> addWaits(sighting, group, limitNs));
            }
        }
        waits.sort(Comparator.comparingLong(Wait::sinceNs));
    }

    private static long movedNs(Sighting sighting) {
        return sighting.groups().stream()
                .mapToLong(GroupFlight::progressNs)
                .max()
                .orElse(0);
    }

    private void addWaits(Sighting sighting, GroupFlight group, long limitNs) {
        for (int peer = 0; peer < group.links().size(); peer++) {
            for (Direction direction : Direction.values()) {
                long sinceNs = direction.sinceNs(group.links().get(peer).messages());
                boolean open = group.state() == GroupFlight.State.OPEN;
                if (open && sinceNs != 0 && nowNs - sinceNs >= limitNs) {
                    waits.add(new Wait(sighting, group, peer, direction, sinceNs));
                }
            }
        }
    }

    /** A rank that holds up another by itself, or a link that does. */
    Optional<Verdict> direct() {
        return waits.stream().flatMap(wait -> direct(wait).stream()).findFirst();
    }

    private Optional<Verdict> direct(Wait wait) {
        Optional<Sighting> seen = sightings.stream()
                .filter(sighting -> sighting.rank() == wait.peerRank())
                .findFirst();
        if (seen.isEmpty()) {
            return Optional.empty(); // on another host
        }
        Sighting peer = seen.get();
        if (!peer.running()) {
            return Optional.of(verdict(wait, Verdict.Kind.DEAD, "has ended"));
        }
        if (nowNs - peer.aliveNs() > HangRules.LIFELESS_NS) {
            return Optional.of(verdict(
                    wait,
                    Verdict.Kind.FROZEN,
                    "stands still: no sign of life for %.1f s".formatted((nowNs - peer.aliveNs()) / 1e9)));
        }
        if (hasCalledOtherEnd(wait, peer)) {
            return wait.direction() == Direction.FROM ? Optional.of(link(wait)) : Optional.empty();
        }
        if (waits(peer)) {
            return Optional.empty();
        }
        return Optional.of(verdict(
                wait,
                Verdict.Kind.NOT_ENTERED,
                wait.direction() == Direction.FROM ? "is alive and has sent none" : "is alive and has not taken it"));
    }

    private static boolean hasCalledOtherEnd(Wait wait, Sighting peer) {
        int self = wait.group().ranks().indexOf(wait.waiting().rank());
        return peer.groups().stream()
                .filter(group -> group.key().equals(wait.group().key()))
                .anyMatch(group -> wait.direction()
                                .opposite()
                                .sinceNs(group.links().get(self).messages())
                        != 0);
    }

    private static boolean waits(Sighting rank) {
        return rank.groups().stream()
                .filter(group -> group.state() == GroupFlight.State.OPEN)
                .anyMatch(group -> group.oldestUnderWay().isPresent()
                        || group.links().stream()
                                .map(LinkRecord::messages)
                                .anyMatch(one -> one.sendingSinceNs() != 0 || one.receivingSinceNs() != 0));
    }

    private Verdict verdict(Wait wait, Verdict.Kind kind, String what) {
        return new Verdict(
                kind,
                List.of(wait.peerRank()),
                Verdict.Place.of(wait.group().key()),
                "%s in group %s, which %s"
                        .formatted(wait.words(nowNs), wait.group().name(), what));
    }

    private Verdict link(Wait wait) {
        return new Verdict(
                Verdict.Kind.COMM_HANG,
                List.of(wait.peerRank(), wait.waiting().rank()),
                Verdict.Place.of(wait.group().key()),
                "%s in group %s, which sends it, and it does not come"
                        .formatted(wait.words(nowNs), wait.group().name()));
    }

    /** Ranks that wait for each other in a circle, if all of their group can be seen. */
    Optional<Verdict> inCircle() {
        List<Integer> seen = sightings.stream().map(Sighting::rank).toList();
        return waits.stream()
                .filter(wait -> seen.containsAll(wait.group().ranks()))
                .findFirst()
                .map(wait -> new Verdict(
                        Verdict.Kind.DESYNC,
                        List.of(wait.waiting().rank(), wait.peerRank()),
                        Verdict.Place.of(wait.group().key()),
                        "%s in group %s, which waits itself"
                                .formatted(wait.words(nowNs), wait.group().name())));
    }
}
