package io.dunlin.collectives.engine;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Group;
import io.dunlin.collectives.Priority;
import io.dunlin.collectives.ReductionOrder;
import io.dunlin.collectives.Topology;
import io.dunlin.collectives.algorithm.AlgorithmTable;
import io.dunlin.collectives.algorithm.Tuning;
import io.dunlin.collectives.transport.AeronProfile;
import io.dunlin.collectives.transport.AeronTransports;
import io.dunlin.collectives.transport.RankAddress;
import io.dunlin.collectives.transport.SharedMemory;
import io.dunlin.collectives.transport.Transport;
import io.dunlin.collectives.transport.Transports;
import io.dunlin.collectives.wire.OperationHeader;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * All communicators of one rank in one generation: one thread moves the bytes of all of them, the most urgent first, and
 * memory allocated here is read and written by the ranks of the host where it is.
 *
 * <pre>{@code
 * try (RankCommunicators mine = RankCommunicators.overAeron(world, directory, addresses, AeronProfile.STANDARD)) {
 *     Communicator gradients = mine.open(Group.world(4), Priority.GRADIENTS);
 *     MemorySegment gradient = mine.memory().allocate(bytes);
 *     gradients.allReduce(gradient, DType.F32, ReduceOp.SUM).await();
 * }
 * }</pre>
 */
public final class RankCommunicators implements AutoCloseable {
    private static final int NAMED_STREAMS = 1 << 30; // beyond the numbers of generations

    private final World world;
    private final Transports transports;
    private final LongSupplier clockNs;
    private final OperationListener.Source listeners;
    private final Pulse pulse;
    private final CommunicationThread thread;
    private final Map<Group, Integer> opened = new HashMap<>(); // how often

    /**
     * A rank among all ranks.
     *
     * @param run name of the run
     * @param generation of the world
     * @param rank this one
     * @param ranks in the world
     * @param connectTimeout until all members of a group must have met
     * @param operationTimeout until an operation must be over
     * @param order in which contributions are combined; the same on all ranks
     * @param table of measured choices between algorithms; the same on all ranks
     * @param networkBytesPerSecond what a host can send to others; the same on all ranks
     * @param declared where all ranks are, where that is not what the transport sees; the same on all ranks. Sent bytes are
     *     counted so
     */
    public record World(
            String run,
            int generation,
            int rank,
            int ranks,
            Duration connectTimeout,
            Duration operationTimeout,
            ReductionOrder order,
            AlgorithmTable table,
            double networkBytesPerSecond,
            Optional<Topology> declared) {
        /** The fastest order, by formulas. */
        public World(
                String run, int generation, int rank, int ranks, Duration connectTimeout, Duration operationTimeout) {
            this(
                    run,
                    generation,
                    rank,
                    ranks,
                    connectTimeout,
                    operationTimeout,
                    ReductionOrder.FASTEST,
                    AlgorithmTable.EMPTY,
                    Tuning.STANDARD_NETWORK_BYTES_PER_SECOND,
                    Optional.empty());
        }
    }

    private RankCommunicators(
            World world, Transports transports, LongSupplier clockNs, OperationListener.Source listeners) {
        this.world = world;
        this.transports = transports;
        this.clockNs = clockNs;
        this.listeners = listeners;
        String role = "comm-world-" + world.rank();
        this.pulse = new Pulse(role, StreamCommunicator.STANDSTILL);
        this.thread = new CommunicationThread(role, pulse);
    }

    /** Communicators over any transports. */
    static RankCommunicators over(World world, Transports transports, LongSupplier clockNs) {
        return over(world, transports, clockNs, OperationListener.Source.NONE);
    }

    private static RankCommunicators over(
            World world, Transports transports, LongSupplier clockNs, OperationListener.Source listeners) {
        RankCommunicators communicators = new RankCommunicators(world, transports, clockNs, listeners);
        communicators.thread.start();
        return communicators;
    }

    /**
     * Communicators between processes.
     *
     * @param directory of the media driver of this host; shared memory is a folder in it
     * @param addresses of all ranks
     * @param profile of the streams; the same on all ranks and drivers
     * @throws io.dunlin.collectives.transport.MachineException if no driver answers
     */
    public static RankCommunicators overAeron(
            World world, Path directory, List<RankAddress> addresses, AeronProfile profile) {
        return overAeron(world, directory, addresses, profile, OperationListener.Source.NONE);
    }

    /** The same, with somebody who follows each group. */
    public static RankCommunicators overAeron(
            World world,
            Path directory,
            List<RankAddress> addresses,
            AeronProfile profile,
            OperationListener.Source listeners) {
        long run = OperationHeader.hash(world.run());
        return over(
                world,
                AeronTransports.connect(directory, profile, addresses, world.rank(), run, world.generation()),
                System::nanoTime,
                listeners);
    }

    /** Memory that collectives use in place. */
    public SharedMemory memory() {
        return transports.memory();
    }

    /**
     * Opens a communicator and waits until all its members have met; members open their groups in the same order.
     *
     * @throws io.dunlin.collectives.CollectiveException {@code DUN-705} naming those that are missing
     * @throws io.dunlin.collectives.transport.MachineException if a stream cannot be opened
     */
    public Communicator open(Group group, Priority priority) {
        int member = group.ranks().indexOf(world.rank());
        if (member < 0) {
            throw new IllegalArgumentException("rank %d is not in group %s".formatted(world.rank(), group));
        }
        if (group.size() == 1) {
            return new SoloCommunicator(group);
        }
        int opening = opening(group);
        Transport transport = openStreams(group, member, opening);
        Topology seen = transports.topology(group.ranks());
        CommunicatorSettings settings = new CommunicatorSettings(
                world.run(),
                world.generation(),
                group,
                member,
                world.connectTimeout(),
                world.operationTimeout(),
                priority,
                new Tuning(world.order(), world.table(), topology(group, seen), world.networkBytesPerSecond()),
                declared(group).orElse(seen),
                listeners.of(group, world.generation(), opening));
        StreamCommunicator communicator = StreamCommunicator.on(thread, pulse, settings, transport, clockNs, () -> {});
        try {
            communicator.awaitConnected();
        } catch (RuntimeException e) {
            communicator.close();
            throw e;
        }
        return communicator;
    }

    /** Declared hosts, but none that spans several real ones: what ranks of a host share, these could not. */
    private Topology topology(Group group, Topology seen) {
        return declared(group).map(declared -> declared.inside(seen)).orElse(seen);
    }

    private Optional<Topology> declared(Group group) {
        return world.declared().map(declared -> declared.among(group.ranks()));
    }

    /** A group whose streams could not be opened here was not opened: the next try must meet that of the others. */
    private Transport openStreams(Group group, int member, int opening) {
        try {
            return transports.open(group.ranks(), member, streamId(group, opening));
        } catch (RuntimeException e) {
            forget(group);
            throw e;
        }
    }

    private synchronized void forget(Group group) {
        opened.merge(group, -1, Integer::sum);
    }

    /** How often the group has been opened, now included; the same on all members. */
    private synchronized int opening(Group group) {
        return opened.merge(group, 1, Integer::sum);
    }

    /** The same on all members, another each time that the group is opened. */
    private int streamId(Group group, int opening) {
        String name = "%d %s %s %d".formatted(world.generation(), group.name(), group.ranks(), opening);
        return NAMED_STREAMS | (int) OperationHeader.hash(name) & (NAMED_STREAMS - 1);
    }

    /** Closes all communicators and frees the memory. */
    @Override
    public void close() {
        thread.stop();
        transports.close();
    }
}
