package io.dunlin.collectives.engine;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Group;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.Work;
import io.dunlin.collectives.algorithm.TreePlan;
import io.dunlin.collectives.transport.Transport;
import io.dunlin.tensor.DType;
import io.dunlin.train.SummationTree;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/**
 * A communicator over a {@link Transport}.
 *
 * <p>Operations are called by one thread at a time. A work belongs to the caller until its {@code await} returns.
 */
public final class StreamCommunicator implements Communicator {
    private static final Duration STANDSTILL = Duration.ofSeconds(60);
    private static final long CONNECT_POLL_NS = 200_000;

    private final CommunicatorSettings settings;
    private final OperationQueue queue = new OperationQueue();
    private final Pulse pulse;
    private final Engine engine;
    private final CommunicationThread thread;
    private final Arguments arguments;
    private Operation[] pool = new Operation[64];
    private int cursor;
    private TreePlan plan;

    private StreamCommunicator(CommunicatorSettings settings, Transport transport, LongSupplier clockNs) {
        this.settings = settings;
        String role = "comm-%s-%d".formatted(settings.group().name(), settings.globalRank(settings.rank()));
        this.pulse = new Pulse(role, STANDSTILL);
        this.engine = new Engine(settings, transport, queue, clockNs);
        this.thread = new CommunicationThread(role, engine, queue, pulse);
        this.arguments = new Arguments(settings.group(), settings.rank());
        this.plan = TreePlan.of(0, settings.group().size());
        for (int i = 0; i < pool.length; i++) {
            pool[i] = new Operation(pulse, settings.listener());
        }
    }

    /**
     * Starts the communication thread, which owns {@code transport} from now on. Operations may be called at once; they
     * begin when all members have met.
     *
     * @param clockNs time for deadlines
     */
    public static StreamCommunicator start(CommunicatorSettings settings, Transport transport, LongSupplier clockNs) {
        if (transport.size() != settings.group().size() || transport.rank() != settings.rank()) {
            throw new IllegalArgumentException("transport of member %d of %d for member %d of %d"
                    .formatted(
                            transport.rank(),
                            transport.size(),
                            settings.rank(),
                            settings.group().size()));
        }
        StreamCommunicator communicator = new StreamCommunicator(settings, transport, clockNs);
        communicator.thread.start();
        return communicator;
    }

    /**
     * Waits until all members have met.
     *
     * @throws CollectiveException {@code DUN-705} naming those that are missing after the connect timeout
     */
    public void awaitConnected() {
        while (!engine.connected() && !engine.verdict().raised()) {
            LockSupport.parkNanos(this, CONNECT_POLL_NS);
        }
        if (engine.verdict().raised()) {
            throw engine.verdict().cause().seenHere();
        }
    }

    /** Frames of other generations that were dropped. */
    long staleFrames() {
        return engine.staleFrames();
    }

    @Override
    public Group group() {
        return settings.group();
    }

    @Override
    public int rank() {
        return settings.rank();
    }

    @Override
    public Work allReduce(MemorySegment data, DType dtype, ReduceOp op) {
        arguments.allReduce(data, dtype, op);
        Operation operation = next();
        operation.take().allReduce(data, dtype, op);
        return submit(operation);
    }

    @Override
    public Work allReduceTree(
            List<SummationTree.Block> blocks, List<MemorySegment> sums, int leaves, MemorySegment result) {
        if (plan.leaves() != leaves) {
            plan = TreePlan.of(leaves, size());
        }
        arguments.allReduceTree(blocks, sums, plan, result);
        Operation operation = next();
        operation.take().allReduceTree(sums, plan, result);
        return submit(operation);
    }

    @Override
    public Work allGather(MemorySegment part, MemorySegment all, List<Long> lengthsBytes) {
        arguments.allGather(part, all, lengthsBytes);
        Operation operation = next();
        operation.take().allGather(part, all, lengthsBytes);
        return submit(operation);
    }

    @Override
    public Work broadcast(MemorySegment data, int root) {
        arguments.broadcast(data, root);
        Operation operation = next();
        operation.take().broadcast(data, root);
        return submit(operation);
    }

    @Override
    public Work barrier() {
        Operation operation = next();
        operation.take().barrier();
        return submit(operation);
    }

    /** The operation that has been free for longest, so that a work kept by mistake stays as it was for a while. */
    private Operation next() {
        for (int tries = 0; tries < pool.length; tries++) {
            Operation candidate = pool[cursor];
            cursor = (cursor + 1) % pool.length;
            if (candidate.free()) {
                return candidate;
            }
        }
        Operation[] larger = new Operation[2 * pool.length];
        System.arraycopy(pool, 0, larger, 0, pool.length);
        for (int i = pool.length; i < larger.length; i++) {
            larger[i] = new Operation(pulse, settings.listener());
        }
        cursor = pool.length + 1;
        pool = larger;
        return pool[cursor - 1];
    }

    private Work submit(Operation operation) {
        if (!thread.over()) {
            operation.submitted(queue.added());
            queue.add(operation);
            thread.wake();
        }
        if (thread.over()) {
            operation.fail(engine.verdict().cause());
        }
        return operation;
    }

    @Override
    public void abort(CollectiveException cause) {
        engine.abort(cause);
        thread.wake();
    }

    @Override
    public void close() {
        thread.stop();
    }
}
