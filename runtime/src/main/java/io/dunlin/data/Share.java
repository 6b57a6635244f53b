package io.dunlin.data;

/**
 * Which micro-batches of a step a rank has. Ranks form groups of the same size: each group has a run of consecutive
 * micro-batches, and its members take turns, one micro-batch each.
 *
 * @param group the rank's group
 * @param groups how many
 * @param member the rank's number in its group
 * @param members of each group
 */
public record Share(int group, int groups, int member, int members) {
    /** All of it. */
    public static final Share ALL = of(0, 1);

    /** Checks the numbers. */
    public Share {
        if (group < 0 || group >= groups || member < 0 || member >= members) {
            throw new IllegalArgumentException(
                    "group %d of %d, member %d of %d".formatted(group, groups, member, members));
        }
    }

    /** A rank whose micro-batches are consecutive. */
    public static Share of(int rank, int ranks) {
        return new Share(rank, ranks, 0, 1);
    }

    /** Where the run of the rank's group begins, of so many micro-batches in all. */
    public int runBegin(int microBatches) {
        return begin(microBatches, group, groups);
    }

    /** Where it ends: each group has as many as any other, or one more. */
    public int runEnd(int microBatches) {
        return begin(microBatches, group + 1, groups);
    }

    /**
     * Where the run of a group begins; it ends where the next one begins.
     *
     * @param group from 0 to {@code groups}
     */
    public static int begin(int microBatches, int group, int groups) {
        return (int) ((long) microBatches * group / groups);
    }

    /** How many turns the group takes; in the last one some of its members may have nothing to do. */
    public int turns(int microBatches) {
        return Math.ceilDiv(runEnd(microBatches) - runBegin(microBatches), members);
    }

    /** How many micro-batches the rank has. */
    public int count(int microBatches) {
        int run = runEnd(microBatches) - runBegin(microBatches);
        return run / members + (member < run % members ? 1 : 0);
    }

    /** The rank's micro-batch of a turn. */
    public int index(int microBatches, int turn) {
        return runBegin(microBatches) + turn * members + member;
    }
}
