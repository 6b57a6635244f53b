package io.dunlin.collectives.engine;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.Work;
import io.dunlin.collectives.algorithm.Call;
import io.dunlin.collectives.transport.LoopbackFabric;
import io.dunlin.collectives.transport.LoopbackSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.function.UnaryOperator;

/**
 * A cluster in virtual time: all engines take turns on the test's thread, and the clock moves only when none has anything
 * to do. What happens depends on the settings alone.
 */
final class SteppedWorld implements AutoCloseable {
    private static final long TICK_NS = 1_000;

    private final List<Engine> engines = new ArrayList<>();
    private final List<OperationQueue> queues = new ArrayList<>();
    private final LoopbackFabric fabric;
    private final IntFunction<OperationListener> listeners;
    private long nowNs;

    SteppedWorld(int ranks, UnaryOperator<LoopbackSettings> shaping) {
        this(ranks, shaping, rank -> OperationListener.NONE);
    }

    /** Each rank is followed by its listener: the one that is returned for it, the same each time. */
    SteppedWorld(int ranks, UnaryOperator<LoopbackSettings> shaping, IntFunction<OperationListener> listeners) {
        this.listeners = listeners;
        fabric = LoopbackFabric.of(shaping.apply(LoopbackSettings.ofRanks(ranks).withClock(this::nowNs)));
        for (int rank = 0; rank < ranks; rank++) {
            OperationQueue queue = new OperationQueue();
            CommunicatorSettings settings = CommunicatorSettings.of(rank, ranks).withListener(listeners.apply(rank));
            queues.add(queue);
            engines.add(new Engine(settings, fabric.transport(rank, 1), queue, this::nowNs));
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
        Operation operation = new Operation(new Pulse("virtual", Duration.ofHours(1)), listeners.apply(rank));
        what.accept(operation.take());
        operation.submitted(queues.get(rank).added());
        queues.get(rank).add(operation);
        return operation;
    }

    /** Runs until all works are done; the virtual nanoseconds it took. */
    long run(List<Work> works) {
        long startNs = nowNs;
        while (!works.stream().allMatch(Work::done)) {
            if (engines.stream().mapToInt(Engine::doWork).sum() == 0) {
                nowNs += TICK_NS;
            }
        }
        return nowNs - startNs;
    }

    CollectiveException failure(int rank) {
        return engines.get(rank).verdict().cause();
    }

    @Override
    public void close() {
        engines.forEach(Engine::close);
    }
}
