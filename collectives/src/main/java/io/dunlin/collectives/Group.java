package io.dunlin.collectives;

import java.util.List;
import java.util.stream.IntStream;

/**
 * Ranks that communicate, in order.
 *
 * @param name for errors and counters, for example {@code world}
 * @param ranks global ranks; a rank's place in the list is its number in the group
 */
public record Group(String name, List<Integer> ranks) {
    /** Copies the list. */
    public Group {
        ranks = List.copyOf(ranks);
    }

    /** All ranks of a world. */
    public static Group world(int size) {
        return new Group("world", IntStream.range(0, size).boxed().toList());
    }

    /** How many ranks. */
    public int size() {
        return ranks.size();
    }
}
