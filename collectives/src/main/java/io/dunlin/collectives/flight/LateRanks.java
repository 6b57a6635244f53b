package io.dunlin.collectives.flight;

import java.util.ArrayList;
import java.util.List;

/**
 * Tells which members are late by their own doing.
 *
 * <p>A member is late by the time between its call and the middle one of all calls. What it computed is the time since its
 * last call, or since the last operation before that was over, whichever came later. Who is late and has computed no
 * longer than the others is a victim: it came late out of an earlier operation.
 */
final class LateRanks {
    private static final int REMEMBERED = 32;
    private static final int DONES = 8;
    private static final int DEVIATIONS = 3;

    private final Member[] members;

    private static final class Member {
        private final Rolling lateHistoryNs = new Rolling(REMEMBERED);
        private final Judgements judgements = new Judgements();
        private final long[] doneNs = new long[DONES];
        private int dones;
        private long readyNs; // last call
        private long lateNs; // at most, in this iteration
        private long ownNs; // in this iteration
        private long firstReadyNs; // of this iteration
        private long firstReadyBeforeNs; // of the one before
    }

    LateRanks(int size) {
        members = new Member[size];
        for (int member = 0; member < size; member++) {
            members[member] = new Member();
        }
    }

    void add(GroupHistory.Row row) {
        long[] ready = new long[members.length];
        for (int member = 0; member < members.length; member++) {
            ready[member] = row.readyNs(member);
        }
        long middleNs = Rolling.medianOf(ready);
        for (int i = 0; i < members.length; i++) {
            Member member = members[i];
            member.lateNs = Math.max(member.lateNs, ready[i] - middleNs);
            member.ownNs += ready[i] - lastEventNs(member, ready[i]);
            if (member.firstReadyNs == 0) {
                member.firstReadyNs = ready[i];
            }
            member.readyNs = ready[i];
            member.doneNs[member.dones++ % DONES] = row.doneNs(i);
        }
    }

    private static long lastEventNs(Member member, long readyNs) {
        long last = member.readyNs == 0 ? readyNs : member.readyNs;
        for (long doneNs : member.doneNs) {
            if (doneNs <= readyNs && doneNs > last) {
                last = doneNs;
            }
        }
        return last;
    }

    /** From the beginning of the iteration before to that of this one; 0 if there is none before. */
    long periodNs() {
        long[] periods = new long[members.length];
        for (int i = 0; i < members.length; i++) {
            Member member = members[i];
            periods[i] = member.firstReadyBeforeNs == 0 ? 0 : member.firstReadyNs - member.firstReadyBeforeNs;
        }
        return Rolling.medianOf(periods);
    }

    /** The iteration is over. */
    void judge(Threshold threshold) {
        long[] own = new long[members.length];
        for (int i = 0; i < members.length; i++) {
            own[i] = members[i].ownNs;
        }
        long usualNs = Rolling.medianOf(own);
        for (Member member : members) {
            boolean late = member.lateNs > threshold.ns(DEVIATIONS * member.lateHistoryNs.deviation());
            boolean itsOwn = member.ownNs - usualNs > member.lateNs / 2;
            member.judgements.add(late && itsOwn ? Judgements.Pace.SLOW : Judgements.Pace.USUAL);
            member.lateHistoryNs.add(member.lateNs);
        }
    }

    /** The iteration is over, and too early to be judged. */
    void learn() {
        for (Member member : members) {
            member.lateHistoryNs.add(member.lateNs);
        }
    }

    /** The next iteration begins. */
    void begin() {
        for (Member member : members) {
            member.firstReadyBeforeNs = member.firstReadyNs;
            member.firstReadyNs = 0;
            member.lateNs = 0;
            member.ownNs = 0;
        }
    }

    /** Whether a member is slow now. */
    boolean slow(int member) {
        return members[member].judgements.enough();
    }

    /** What has to be said, before {@link #begin}. */
    List<Verdict> news(GroupFlight.Key key) {
        long[] own = new long[members.length];
        for (int i = 0; i < members.length; i++) {
            own[i] = members[i].ownNs;
        }
        double usualNs = Rolling.medianOf(own);
        List<Verdict> news = new ArrayList<>();
        for (int i = 0; i < members.length; i++) {
            if (members[i].judgements.news()) {
                int rank = key.ranks().get(i);
                news.add(new Verdict(
                        Verdict.Kind.SLOW_RANK,
                        List.of(rank),
                        Verdict.Place.of(key),
                        "rank %d computes for %.1f ms per iteration where the others take %.1f ms, and comes %.1f ms late"
                                        .formatted(rank, own[i] / 1e6, usualNs / 1e6, members[i].lateNs / 1e6)
                                + " to group " + key.name()));
            }
        }
        return news;
    }
}
