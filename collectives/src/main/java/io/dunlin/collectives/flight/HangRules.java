package io.dunlin.collectives.flight;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToLongFunction;

/**
 * Tells why nothing goes on: from who has called what, who shows signs of life, and who waits for whom.
 *
 * <p>A rank that waits in one group is no culprit in another: it will come when it can.
 */
final class HangRules {
    private static final long SHORTEST_NS = 2_000_000_000L;
    static final long STILL_NS = 500_000_000L;
    static final long LIFELESS_NS = 2_000_000_000L;
    private static final int USUAL_TIMES = 10;

    private final ToLongFunction<OperationRecord> usualNs;

    /** A member of a group, with what is known of it there. */
    private record Member(int number, Sighting sighting, GroupFlight group) {
        int rank() {
            return sighting.rank();
        }

        boolean calledBefore(long operation) {
            return group.submitted() > operation;
        }

        boolean entered(long operation) {
            return group.entered() > operation;
        }
    }

    /** Members held up by an operation. */
    private record Case(GroupFlight.Key key, List<Member> members, OperationRecord operation, long sinceNs) {
        Verdict verdict(Verdict.Kind kind, List<Integer> culprits, String evidence) {
            List<Integer> entered = new ArrayList<>();
            List<Integer> missing = new ArrayList<>();
            for (Member member : members) {
                (member.entered(operation.number()) ? entered : missing).add(member.rank());
            }
            return new Verdict(
                    kind,
                    culprits,
                    new Verdict.Place(
                            key.name(), operation.number(), operation.call().words(), entered, missing),
                    evidence);
        }
    }

    /**
     * Rules.
     *
     * @param usualNs what an operation like this takes, but for one in a hundred; 0 if that is not known
     */
    HangRules(ToLongFunction<OperationRecord> usualNs) {
        this.usualNs = usualNs;
    }

    /** What holds up the ranks, if it has done so for too long: {@code limitNs} where a rank may just be busy. */
    Optional<Verdict> judge(long nowNs, List<Sighting> sightings, long limitNs) {
        List<Case> cases = cases(sightings);
        for (Case one : cases) {
            Optional<Verdict> verdict = atOnce(one).or(() -> desync(one.key(), one.members()));
            if (verdict.isPresent()) {
                return verdict;
            }
        }
        // Who waits for a message is no culprit of those who wait for it elsewhere.
        MessageRules messages = new MessageRules(nowNs, sightings, limitNs);
        Optional<Verdict> message = messages.direct();
        if (message.isPresent()) {
            return message;
        }
        for (Case one : cases) {
            Optional<Verdict> verdict = overdue(nowNs, one, cases, limitNs);
            if (verdict.isPresent()) {
                return verdict;
            }
        }
        return cases.isEmpty() ? messages.inCircle() : Optional.empty();
    }

    /** What holds up the ranks now, however short it has been. */
    Optional<Verdict> explain(long nowNs, List<Sighting> sightings) {
        List<Case> cases = cases(sightings);
        for (Case one : cases) {
            Optional<Verdict> verdict = atOnce(one).or(() -> desync(one.key(), one.members()));
            if (verdict.isPresent()) {
                return verdict;
            }
        }
        MessageRules messages = new MessageRules(nowNs, sightings, STILL_NS);
        Optional<Verdict> message = messages.direct();
        if (message.isPresent()) {
            return message;
        }
        for (Case one : cases) {
            Optional<Verdict> verdict =
                    frozen(nowNs, one).or(() -> notEntered(nowNs, one, cases)).or(() -> between(nowNs, one));
            if (verdict.isPresent()) {
                return verdict;
            }
        }
        return cases.isEmpty() ? messages.inCircle() : Optional.empty();
    }

    private static List<Case> cases(List<Sighting> sightings) {
        Map<GroupFlight.Key, List<Member>> groups = new LinkedHashMap<>();
        for (Sighting sighting : sightings) {
            for (GroupFlight group : sighting.groups()) {
                if (group.state() != GroupFlight.State.CLOSED) {
                    groups.computeIfAbsent(group.key(), key -> new ArrayList<>())
                            .add(new Member(group.ranks().indexOf(sighting.rank()), sighting, group));
                }
            }
        }
        List<Case> cases = new ArrayList<>();
        groups.forEach((key, members) -> oldest(key, members).ifPresent(cases::add));
        return cases;
    }

    /** The oldest operation that somebody is held up in; without one, a dead member is held up in its last. */
    private static Optional<Case> oldest(GroupFlight.Key key, List<Member> members) {
        Optional<OperationRecord> found = Optional.empty();
        for (Member member : members) {
            for (OperationRecord record : member.group().operations()) {
                boolean open = record.state() != OperationRecord.State.DONE;
                if (open && (found.isEmpty() || record.number() < found.get().number())) {
                    found = Optional.of(record);
                }
            }
        }
        if (found.isEmpty() && members.stream().anyMatch(HangRules::dead)) {
            found = members.stream()
                    .flatMap(member -> member.group().operations().stream())
                    .reduce((a, b) -> a.number() >= b.number() ? a : b);
        }
        return found.map(operation -> new Case(key, members, operation, since(members, operation)));
    }

    private static long since(List<Member> members, OperationRecord operation) {
        return members.stream()
                .flatMap(member -> member.group().operation(operation.number()).stream())
                .mapToLong(record -> record.times().enterNs())
                .min()
                .orElse(operation.times().enterNs());
    }

    private static boolean dead(Member member) {
        return !member.sighting().running() && member.group().state() == GroupFlight.State.OPEN;
    }

    private static Optional<Verdict> atOnce(Case one) {
        List<Integer> dead =
                one.members().stream().filter(HangRules::dead).map(Member::rank).toList();
        return dead.isEmpty()
                ? Optional.empty()
                : Optional.of(one.verdict(
                        Verdict.Kind.DEAD, dead, "%s ended in the middle of its work".formatted(Verdict.ranks(dead))));
    }

    private static Optional<Verdict> desync(GroupFlight.Key key, List<Member> members) {
        Member first = members.getFirst();
        for (Member other : members) {
            for (OperationRecord theirs : other.group().operations()) {
                Optional<OperationRecord> ours = first.group()
                        .operation(theirs.number())
                        .filter(known -> !known.call().equals(theirs.call()));
                if (ours.isPresent()) {
                    Case one = new Case(key, members, theirs, theirs.times().enterNs());
                    return Optional.of(one.verdict(
                            Verdict.Kind.DESYNC,
                            List.of(first.rank(), other.rank()),
                            "rank %d called %s where rank %d called %s"
                                    .formatted(
                                            first.rank(),
                                            ours.get().call().words(),
                                            other.rank(),
                                            theirs.call().words())));
                }
            }
        }
        return Optional.empty();
    }

    private Optional<Verdict> overdue(long nowNs, Case one, List<Case> all, long limitNs) {
        long patienceNs = Math.max(SHORTEST_NS, USUAL_TIMES * usualNs.applyAsLong(one.operation()));
        long movedNs = one.members().stream()
                .mapToLong(member -> member.group().progressNs())
                .max()
                .orElse(nowNs);
        if (nowNs - one.sinceNs() <= SHORTEST_NS || nowNs - movedNs <= STILL_NS) {
            return Optional.empty();
        }
        // However long operations take: a thread that is well shows signs of life.
        Optional<Verdict> verdict = frozen(nowNs, one);
        if (verdict.isPresent() || nowNs - one.sinceNs() <= patienceNs) {
            return verdict;
        }
        Optional<Verdict> absent = notEntered(nowNs, one, all);
        if (absent.isPresent()) {
            return nowNs - one.sinceNs() > limitNs ? absent : Optional.empty();
        }
        return between(nowNs, one);
    }

    private static Optional<Verdict> frozen(long nowNs, Case one) {
        List<Integer> lifeless = one.members().stream()
                .filter(member -> member.sighting().running()
                        && member.group().state() == GroupFlight.State.OPEN
                        && nowNs - member.sighting().aliveNs() > LIFELESS_NS)
                .map(Member::rank)
                .toList();
        if (lifeless.isEmpty()) {
            return Optional.empty();
        }
        long aliveNs = one.members().stream()
                .filter(member -> lifeless.contains(member.rank()))
                .mapToLong(member -> member.sighting().aliveNs())
                .max()
                .orElse(nowNs);
        return Optional.of(one.verdict(
                Verdict.Kind.FROZEN,
                lifeless,
                "%s %s still: no sign of life for %.1f s"
                        .formatted(
                                Verdict.ranks(lifeless),
                                lifeless.size() == 1 ? "stands" : "stand",
                                seconds(nowNs - aliveNs))));
    }

    private static Optional<Verdict> notEntered(long nowNs, Case one, List<Case> all) {
        long number = one.operation().number();
        List<Integer> absent = one.members().stream()
                .filter(member -> member.sighting().running()
                        && !member.calledBefore(number)
                        && !waitsElsewhere(member, one, all))
                .map(Member::rank)
                .toList();
        return absent.isEmpty()
                ? Optional.empty()
                : Optional.of(one.verdict(
                        Verdict.Kind.NOT_ENTERED,
                        absent,
                        "%s %s alive and %s not called what the others have waited in for %.1f s"
                                .formatted(
                                        Verdict.ranks(absent),
                                        absent.size() == 1 ? "is" : "are",
                                        absent.size() == 1 ? "has" : "have",
                                        seconds(nowNs - one.sinceNs()))));
    }

    private static boolean waitsElsewhere(Member member, Case here, List<Case> all) {
        return all.stream()
                .filter(other -> !other.key().equals(here.key()))
                .flatMap(other -> other.members().stream())
                .anyMatch(other -> other.rank() == member.rank()
                        && other.group().oldestUnderWay().isPresent());
    }

    /** All have called it: the link that has taken more than it gave, else the end of the chain of those who wait. */
    private static Optional<Verdict> between(long nowNs, Case one) {
        for (Member receiver : one.members()) {
            for (Member sender : one.members()) {
                if (sender == receiver || sender.number() < 0 || receiver.number() < 0) {
                    continue;
                }
                LinkRecord.Way out =
                        sender.group().links().get(receiver.number()).sent();
                LinkRecord.Way in =
                        receiver.group().links().get(sender.number()).received();
                if (in.stalledSinceNs() != 0 && out.frames() > in.frames()) {
                    return Optional.of(one.verdict(
                            Verdict.Kind.COMM_HANG,
                            List.of(sender.rank(), receiver.rank()),
                            "rank %d has sent %,d bytes to rank %d, of which %,d have come, and nothing for %.1f s"
                                    .formatted(
                                            sender.rank(),
                                            out.bytes(),
                                            receiver.rank(),
                                            in.bytes(),
                                            seconds(nowNs - in.stalledSinceNs()))));
                }
            }
        }
        return endOfChain(nowNs, one);
    }

    private static Optional<Verdict> endOfChain(long nowNs, Case one) {
        for (Member waiting : one.members()) {
            for (int peer = 0; peer < waiting.group().links().size(); peer++) {
                long sinceNs = waiting.group().links().get(peer).received().stalledSinceNs();
                int rank = one.key().ranks().get(peer);
                boolean waits = one.members().stream()
                        .filter(member -> member.rank() == rank)
                        .anyMatch(member -> member.group().links().stream()
                                .anyMatch(link -> link.received().stalledSinceNs() != 0));
                if (sinceNs != 0 && !waits) {
                    return Optional.of(one.verdict(
                            Verdict.Kind.COMM_HANG,
                            List.of(rank, waiting.rank()),
                            "rank %d has waited %.1f s for bytes of rank %d, which waits for nobody"
                                    .formatted(waiting.rank(), seconds(nowNs - sinceNs), rank)));
                }
            }
        }
        return Optional.empty();
    }

    private static double seconds(long ns) {
        return ns / 1e9;
    }
}
