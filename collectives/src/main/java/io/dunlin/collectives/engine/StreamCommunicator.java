package io.dunlin.collectives.engine;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Group;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.Topology;
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
    static final Duration STANDSTILL = Duration.ofSeconds(60);
    private static final long CONNECT_POLL_NS = 200_000;

    private final CommunicatorSettings settings;
    private final OperationQueue queue = new OperationQueue(); // collectives
    private final OperationQueue sends = new OperationQueue();
    private final OperationQueue receives = new OperationQueue();
    private final Pulse pulse; // of the thread
    private final Engine engine;
    private final CommunicationThread thread;
    private final CommunicationThread.Seat seat;
    private final Runnable afterClose;
    private final Arguments arguments;
    private Operation[] pool = new Operation[64];
    private int cursor;
    private TreePlan plan;
    private long tensor;
    private long version;

    private StreamCommunicator(
            CommunicatorSettings settings,
            Transport transport,
            LongSupplier clockNs,
            CommunicationThread thread,
            Pulse pulse,
            Runnable afterClose) {
        this.settings = settings;
        this.pulse = pulse;
        this.engine = new Engine(settings, transport, queue, new Messages.Queues(sends, receives), clockNs);
        this.thread = thread;
        this.afterClose = afterClose;
        this.arguments = new Arguments(settings.group(), settings.rank());
        this.plan = TreePlan.of(0, settings.group().size());
        for (int i = 0; i < pool.length; i++) {
            pool[i] = new Operation(pulse, this::abort, thread, settings.listener());
        }
        this.seat = thread.add(engine, settings.priority());
    }

    /**
     * Starts a thread of its own, which owns {@code transport} from now on. Operations may be called at once; they
     * begin when all members have met.
     *
     * @param clockNs time for deadlines
     */
    public static StreamCommunicator start(CommunicatorSettings settings, Transport transport, LongSupplier clockNs) {
        String role = "comm-%s-%d".formatted(settings.group().name(), settings.globalRank(settings.rank()));
        Pulse pulse = new Pulse(role, STANDSTILL);
        CommunicationThread thread = new CommunicationThread(role, pulse);
        StreamCommunicator communicator = on(thread, pulse, settings, transport, clockNs, thread::stop);
        thread.start();
        return communicator;
    }

    /** {@link #start} on a thread that runs other communicators, too. */
    static StreamCommunicator on(
            CommunicationThread thread,
            Pulse pulse,
            CommunicatorSettings settings,
            Transport transport,
            LongSupplier clockNs,
            Runnable afterClose) {
        if (transport.size() != settings.group().size() || transport.rank() != settings.rank()) {
            throw new IllegalArgumentException("transport of member %d of %d for member %d of %d"
                    .formatted(
                            transport.rank(),
                            transport.size(),
                            settings.rank(),
                            settings.group().size()));
        }
        return new StreamCommunicator(settings, transport, clockNs, thread, pulse, afterClose);
    }

    /**
     * Waits until all members have met.
     *
     * @throws CollectiveException {@code DUN-705} naming those that are missing after the connect timeout
     */
    public void awaitConnected() {
        while (!engine.connected() && !engine.verdict().raised()) {
            LockSupport.parkNanos(this, CONNECT_POLL_NS);
            pulse.stopped(System.nanoTime()).ifPresent(engine::abort);
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
    public Communicator label(long tensor, long version) {
        this.tensor = tensor;
        this.version = version;
        return this;
    }

    @Override
    public Work allReduce(MemorySegment input, MemorySegment output, DType dtype, ReduceOp op) {
        arguments.allReduce(input, output, dtype, op);
        Operation operation = next();
        operation.take().allReduce(input, output, dtype, op);
        return submit(operation);
    }

    @Override
    public Work reduceScatter(
            MemorySegment all, MemorySegment part, List<Long> lengthsBytes, DType dtype, ReduceOp op) {
        arguments.reduceScatter(all, part, lengthsBytes, dtype, op);
        Operation operation = next();
        operation.take().reduceScatter(all, part, lengthsBytes, dtype, op);
        return submit(operation);
    }

    @Override
    public Work reduce(MemorySegment input, MemorySegment output, DType dtype, ReduceOp op, int root) {
        arguments.reduce(input, output, dtype, op, root);
        Operation operation = next();
        operation.take().reduce(input, rank() == root ? output : MemorySegment.NULL, dtype, op, root);
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
    public Work gather(MemorySegment part, MemorySegment all, List<Long> lengthsBytes, int root) {
        arguments.rooted(part, all, lengthsBytes, root);
        Operation operation = next();
        operation.take().gather(part, all, lengthsBytes, root);
        return submit(operation);
    }

    @Override
    public Work scatter(MemorySegment all, MemorySegment part, List<Long> lengthsBytes, int root) {
        arguments.rooted(part, all, lengthsBytes, root);
        Operation operation = next();
        operation.take().scatter(all, part, lengthsBytes, root);
        return submit(operation);
    }

    @Override
    public Work allToAll(MemorySegment send, List<Long> sendBytes, MemorySegment receive, List<Long> receiveBytes) {
        arguments.allToAll(send, sendBytes, receive, receiveBytes);
        Operation operation = next();
        operation.take().allToAll(send, sendBytes, receive, receiveBytes);
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
    public Work send(MemorySegment data, int peer) {
        arguments.message(data, peer);
        Operation operation = next();
        operation.take().message(data, peer);
        return submit(operation, sends);
    }

    @Override
    public Work receive(MemorySegment data, int peer) {
        arguments.message(data, peer);
        Operation operation = next();
        operation.take().message(data, peer);
        return submit(operation, receives);
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
            larger[i] = new Operation(pulse, this::abort, thread, settings.listener());
        }
        cursor = pool.length + 1;
        pool = larger;
        return pool[cursor - 1];
    }

    private Work submit(Operation operation) {
        if (!seat.left()) {
            operation.submitted(queue.added());
        }
        return submit(operation, queue);
    }

    private Work submit(Operation operation, OperationQueue queue) {
        operation.call().label(tensor, version);
        tensor = 0;
        version = 0;
        if (!seat.left()) {
            queue.add(operation, pulse);
            thread.wake();
        }
        if (seat.left()) {
            operation.fail(engine.verdict().cause());
        }
        return operation;
    }

    @Override
    public long sentBytes(Topology.Scale distance) {
        return engine.traffic().bytes(distance);
    }

    @Override
    public void abort(CollectiveException cause) {
        engine.abort(cause);
        thread.wake();
    }

    @Override
    public void close() {
        thread.remove(seat);
        afterClose.run();
    }
}
