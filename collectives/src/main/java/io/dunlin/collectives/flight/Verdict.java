package io.dunlin.collectives.flight;

import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.Collectors;

/**
 * Who holds up the others, and how that was told.
 *
 * @param kind what is wrong
 * @param culprits global ranks; for a link, from and to
 * @param place where the others are held up
 * @param evidence what was seen of the culprits, for people; a sentence without its end
 */
public record Verdict(Kind kind, List<Integer> culprits, Place place, String evidence) {
    /** What is wrong. */
    public enum Kind {
        /** A process has ended in the middle of its work. */
        DEAD,
        /** A process stands still. */
        FROZEN,
        /** A rank is alive, and has not called what the others wait in: it hangs elsewhere. */
        NOT_ENTERED,
        /** All have called it, and bytes do not come through. */
        COMM_HANG,
        /** Ranks have called different operations. */
        DESYNC,
        /** A rank computes for longer than the others. */
        SLOW_RANK,
        /** A link, or all links to or from a rank, take longer than the others. */
        SLOW_LINK
    }

    /**
     * An operation, and who is in it.
     *
     * @param group name of the group
     * @param operation number in the group
     * @param call what was called
     * @param entered global ranks that have
     * @param missing global ranks that have not
     */
    public record Place(String group, long operation, String call, List<Integer> entered, List<Integer> missing) {
        /** Copies the lists. */
        public Place {
            entered = List.copyOf(entered);
            missing = List.copyOf(missing);
        }

        /** A group, and no operation in particular. */
        static Place of(GroupFlight.Key key) {
            return new Place(key.name(), -1, "", List.of(), List.of());
        }
    }

    /** Copies the list. */
    public Verdict {
        culprits = List.copyOf(culprits);
    }

    /** Whether nothing goes on until somebody does something. */
    public boolean hang() {
        return kind != Kind.SLOW_RANK && kind != Kind.SLOW_LINK;
    }

    /**
     * For people, in one paragraph.
     *
     * @param doing what a rank is doing, a sentence without its end; empty if nobody knows
     */
    public String paragraph(IntFunction<String> doing) {
        StringBuilder text = new StringBuilder(evidence).append('.');
        if (!place.call().isEmpty()) {
            text.append(" Operation %d of group %s (%s) ".formatted(place.operation(), place.group(), place.call()));
            text.append("was entered by ").append(ranks(place.entered()));
            text.append(place.missing().isEmpty() ? "" : ", not by " + ranks(place.missing()));
            text.append('.');
        }
        if (hang()) {
            for (int culprit : culprits) {
                String what = doing.apply(culprit);
                text.append(what.isEmpty() ? "" : " Rank %d: %s.".formatted(culprit, what));
            }
        }
        return text.toString();
    }

    static String ranks(List<Integer> ranks) {
        String list = ranks.stream().map(String::valueOf).collect(Collectors.joining(" "));
        return ranks.isEmpty() ? "nobody" : (ranks.size() == 1 ? "rank " : "ranks ") + list;
    }
}
