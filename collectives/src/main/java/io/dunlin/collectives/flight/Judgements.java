package io.dunlin.collectives.flight;

import java.util.Arrays;

/** Whether something was slow in three of the last five iterations: once may be chance. */
final class Judgements {
    private static final int KEPT = 5;
    private static final int ENOUGH = 3;

    private final Pace[] paces = new Pace[KEPT];
    private long count;
    private boolean said;

    /** How an iteration went. */
    enum Pace {
        USUAL,
        SLOW
    }

    Judgements() {
        Arrays.fill(paces, Pace.USUAL);
    }

    void add(Pace pace) {
        paces[(int) (count++ % KEPT)] = pace;
        said &= enough();
    }

    boolean enough() {
        int found = 0;
        for (Pace one : paces) {
            found += one == Pace.SLOW ? 1 : 0;
        }
        return found >= ENOUGH;
    }

    /** Whether it is enough and was not said since it became so; it is said now. */
    boolean news() {
        boolean news = enough() && !said;
        said |= news;
        return news;
    }
}
