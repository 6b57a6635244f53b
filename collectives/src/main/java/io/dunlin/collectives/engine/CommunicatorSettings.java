package io.dunlin.collectives.engine;

import io.dunlin.collectives.Group;
import io.dunlin.collectives.Priority;
import io.dunlin.collectives.Topology;
import io.dunlin.collectives.algorithm.Tuning;
import io.dunlin.collectives.wire.OperationHeader;
import java.time.Duration;

/**
 * Who a communicator is, and how long it waits.
 *
 * @param run name of the run; frames of other runs are refused
 * @param generation of the group; frames of other generations are dropped
 * @param group who takes part
 * @param rank this member's number in the group
 * @param connectTimeout until all members must have met
 * @param operationTimeout until an operation must be over, from when all before it are
 * @param priority among the communicators of this rank
 * @param tuning how algorithms are chosen; the same on all members
 * @param distances where sent bytes are counted to go; the topology of the tuning, unless somebody declared another
 * @param listener follows the operations
 */
public record CommunicatorSettings(
        String run,
        int generation,
        Group group,
        int rank,
        Duration connectTimeout,
        Duration operationTimeout,
        Priority priority,
        Tuning tuning,
        Topology distances,
        OperationListener listener) {
    /** Checks the ranges. */
    public CommunicatorSettings {
        if (rank < 0 || rank >= group.size()) {
            throw new IllegalArgumentException("member %d of %d".formatted(rank, group.size()));
        }
        if (generation < 0 || !connectTimeout.isPositive() || !operationTimeout.isPositive()) {
            throw new IllegalArgumentException("generation and timeouts must be positive");
        }
        if (tuning.topology().size() != group.size() || distances.size() != group.size()) {
            throw new IllegalArgumentException("topologies of %d and %d members for a group of %d"
                    .formatted(tuning.topology().size(), distances.size(), group.size()));
        }
    }

    /** With the priority of gradients and {@link Tuning#standard}, followed by nobody. */
    public CommunicatorSettings(
            String run, int generation, Group group, int rank, Duration connectTimeout, Duration operationTimeout) {
        this(
                run,
                generation,
                group,
                rank,
                connectTimeout,
                operationTimeout,
                Priority.GRADIENTS,
                Tuning.standard(group.size()),
                Topology.oneHost(group.size()),
                OperationListener.NONE);
    }

    /** Member {@code rank} of a world of {@code size}, first generation, ten seconds for everything; for tests. */
    public static CommunicatorSettings of(int rank, int size) {
        return new CommunicatorSettings(
                "test", 1, Group.world(size), rank, Duration.ofSeconds(10), Duration.ofSeconds(10));
    }

    /** This, in another generation. */
    public CommunicatorSettings withGeneration(int generation) {
        return new CommunicatorSettings(
                run, generation, group, rank, connectTimeout, operationTimeout, priority, tuning, distances, listener);
    }

    /** This, followed by {@code listener}. */
    public CommunicatorSettings withListener(OperationListener listener) {
        return new CommunicatorSettings(
                run, generation, group, rank, connectTimeout, operationTimeout, priority, tuning, distances, listener);
    }

    /** This, with other limits. */
    public CommunicatorSettings withTimeouts(Duration connectTimeout, Duration operationTimeout) {
        return new CommunicatorSettings(
                run, generation, group, rank, connectTimeout, operationTimeout, priority, tuning, distances, listener);
    }

    /** This, with other choices of algorithms, and distances as they see them. */
    public CommunicatorSettings withTuning(Tuning tuning) {
        return new CommunicatorSettings(
                run,
                generation,
                group,
                rank,
                connectTimeout,
                operationTimeout,
                priority,
                tuning,
                tuning.topology(),
                listener);
    }

    OperationHeader.Scope scope() {
        return new OperationHeader.Scope(
                OperationHeader.hash(run),
                generation,
                31 * group.name().hashCode() + group.ranks().hashCode());
    }

    /** The global rank of a member. */
    int globalRank(int member) {
        return group.ranks().get(member);
    }
}
