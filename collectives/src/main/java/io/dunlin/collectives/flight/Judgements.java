package io.dunlin.collectives.flight;

/** Whether something was slow in three of the last five iterations: once may be chance. */
final class Judgements {
    private static final int KEPT = 5;
    private static final int ENOUGH = 3;

    private final boolean[] slow = new boolean[KEPT];
    private long count;
    private boolean said;

    void add(boolean judged) {
        slow[(int) (count++ % KEPT)] = judged;
        said &= enough();
    }

    boolean enough() {
        int found = 0;
        for (boolean one : slow) {
            found += one ? 1 : 0;
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
