package io.dunlin.collectives.flight;

import java.util.List;
import java.util.Optional;

/**
 * What one rank has written about one of its groups.
 *
 * @param name of the group
 * @param ranks global ranks of the members
 * @param generation of the group
 * @param opening how often the group had been opened in its generation, then included
 * @param state of its communicator
 * @param submitted how many operations were called
 * @param entered how many the communication thread has taken up
 * @param progressNs when something last moved
 * @param aliveNs when the communication thread last showed signs of life
 * @param failure why it gave up; empty if it did not
 * @param links by member
 * @param operations known, oldest first
 * @param torn records that were being written when they were read, or when their writer died
 */
public record GroupFlight(
        String name,
        List<Integer> ranks,
        int generation,
        int opening,
        State state,
        long submitted,
        long entered,
        long progressNs,
        long aliveNs,
        String failure,
        List<LinkRecord> links,
        List<OperationRecord> operations,
        int torn) {

    /** What became of a communicator. */
    public enum State {
        /** Nobody has written here. */
        FREE,
        /** At work; or its process was killed. */
        OPEN,
        /** Left in order. */
        CLOSED,
        /** Given up. */
        FAILED
    }

    /** Which communicator: the same for all members, and another each time that a group is opened. */
    public record Key(String name, List<Integer> ranks, int generation, int opening) {
        /** Whether it is the same group, opened after {@code other}. */
        boolean reopens(Key other) {
            return opening > other.opening
                    && generation == other.generation
                    && name.equals(other.name)
                    && ranks.equals(other.ranks);
        }
    }

    /** Copies the lists. */
    public GroupFlight {
        ranks = List.copyOf(ranks);
        links = List.copyOf(links);
        operations = List.copyOf(operations);
    }

    /** Which communicator it is of. */
    public Key key() {
        return new Key(name, ranks, generation, opening);
    }

    /** The oldest operation that is not over. */
    public Optional<OperationRecord> oldestUnderWay() {
        return operations.stream().filter(OperationRecord::underWay).findFirst();
    }

    /** One operation, if it is known. */
    public Optional<OperationRecord> operation(long number) {
        return operations.stream().filter(one -> one.number() == number).findFirst();
    }
}
