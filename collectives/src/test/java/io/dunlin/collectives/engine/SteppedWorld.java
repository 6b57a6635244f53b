package io.dunlin.collectives.engine;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.Topology;
import io.dunlin.collectives.Work;
import io.dunlin.collectives.algorithm.Call;
import io.dunlin.collectives.algorithm.Tuning;
import io.dunlin.collectives.transport.LoopbackFabric;
import io.dunlin.collectives.transport.LoopbackSettings;
import io.dunlin.collectives.transport.Transport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;

/**
 * A cluster in virtual time: all engines take turns on the test's thread, and the clock moves only when none has anything
 * to do. What happens depends on the settings alone.
 */
final class SteppedWorld implements AutoCloseable {
    private static final long TICK_NS = 1_000;
    private static final long START_NS = 1_000_000_000;

    private final List<Engine> engines = new ArrayList<>();
    private final List<OperationQueue> queues = new ArrayList<>();
    private final LoopbackFabric fabric;
    private final List<OperationListener> listeners = new ArrayList<>();
    private final Set<Integer> halted = new HashSet<>();
    private long nowNs = START_NS;

    SteppedWorld(int ranks, UnaryOperator<LoopbackSettings> shaping) {
        this(Tuning.standard(ranks), shaping);
    }

    /** A cluster of as many ranks as the tuning's topology has. */
    SteppedWorld(Tuning tuning, UnaryOperator<LoopbackSettings> shaping) {
        this(tuning, shaping, (rank, clockNs) -> OperationListener.NONE, UnaryOperator.identity());
    }

    /** A cluster on perfect links, with something between engines and links. */
    static SteppedWorld through(int ranks, UnaryOperator<Transport> wrapping) {
        return new SteppedWorld(
                Tuning.standard(ranks), UnaryOperator.identity(), (rank, clockNs) -> OperationListener.NONE, wrapping);
    }

    /** Makes what follows a rank, on the world's clock. */
    interface Followers {
        OperationListener of(int rank, LongSupplier clockNs);
    }

    SteppedWorld(int ranks, UnaryOperator<LoopbackSettings> shaping, Followers followers) {
        this(Tuning.standard(ranks), shaping, followers, UnaryOperator.identity());
    }

    private SteppedWorld(
            Tuning tuning,
            UnaryOperator<LoopbackSettings> shaping,
            Followers followers,
            UnaryOperator<Transport> wrapping) {
        int ranks = tuning.topology().size();
        fabric = LoopbackFabric.of(shaping.apply(LoopbackSettings.ofRanks(ranks).withClock(this::nowNs)));
        for (int rank = 0; rank < ranks; rank++) {
            OperationQueue queue = new OperationQueue();
            listeners.add(followers.of(rank, this::nowNs));
            CommunicatorSettings settings =
                    CommunicatorSettings.of(rank, ranks).withTuning(tuning).withListener(listeners.get(rank));
            queues.add(queue);
            engines.add(new Engine(
                    settings,
                    wrapping.apply(fabric.transport(rank, 1)),
                    queue,
                    new Messages.Queues(new OperationQueue(), new OperationQueue()),
                    this::nowNs));
        }
    }

    LoopbackFabric fabric() {
        return fabric;
    }

    long nowNs() {
        return nowNs;
    }

    /** Calls an operation on one rank. */
    Work call(int rank, Consumer<Call> what) {
        Pulse pulse = new Pulse("virtual", Duration.ofHours(1));
        Operation operation = new Operation(pulse, engines.get(rank)::abort, SpareTime.WASTED, listeners.get(rank));
        what.accept(operation.take());
        operation.submitted(queues.get(rank).added());
        queues.get(rank).add(operation, pulse);
        return operation;
    }

    /** Runs until all works are done; the virtual nanoseconds it took. */
    long run(List<Work> works) {
        long startNs = nowNs;
        while (!works.stream().allMatch(Work::done)) {
            turn(TICK_NS);
        }
        return nowNs - startNs;
    }

    /** What all ranks have sent so far to ranks as far away as that. */
    long bytesSent(Topology.Scale scale) {
        return engines.stream()
                .mapToLong(engine -> engine.traffic().bytes(scale))
                .sum();
    }

    /** All engines take a turn; if none had anything to do, the clock moves on by {@code tickNs}. */
    void turn(long tickNs) {
        int work = 0;
        for (int rank = 0; rank < engines.size(); rank++) {
            work += halted.contains(rank) ? 0 : engines.get(rank).doWork();
        }
        if (work == 0) {
            nowNs += tickNs;
        }
    }

    /** The rank's thread does nothing any more, like that of a process that stands still or was killed. */
    void halt(int rank) {
        halted.add(rank);
    }

    /** Runs for a time. */
    void run(Duration time) {
        long endNs = nowNs + time.toNanos();
        while (nowNs < endNs) {
            turn(TICK_NS);
        }
    }

    /** Whether a rank has met all others, and has not failed. */
    boolean connected(int rank) {
        return engines.get(rank).connected() && !engines.get(rank).verdict().raised();
    }

    CollectiveException failure(int rank) {
        return engines.get(rank).verdict().cause();
    }

    @Override
    public void close() {
        engines.forEach(Engine::close);
    }
}
