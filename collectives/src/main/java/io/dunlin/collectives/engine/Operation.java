package io.dunlin.collectives.engine;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.Work;
import io.dunlin.collectives.algorithm.Call;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A call on its way from the caller's thread to the communication thread and back; used again after {@link #await}. */
final class Operation implements Work {
    private static final int FREE = 0;
    private static final int PENDING = 1;
    private static final int SUCCEEDED = 2;
    private static final int FAILED = 3;
    private static final long SPINNING_NS = 10_000;
    private static final long HELPING_NS = 500_000;
    private static final long PARK_NS = 100_000_000;
    private static final long NOT_FOLLOWED = -1; // a message
    private static final VarHandle STATE;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(Operation.class, "state", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Call call = new Call();
    private final Pulse pulse;
    private final Consumer<CollectiveException> abort;
    private final SpareTime spareTime;
    private final OperationListener listener;
    private volatile int state = FREE;
    private volatile boolean returned = true;
    private volatile @Nullable Thread waiter;
    private @Nullable CollectiveException failure;
    private long number = NOT_FOLLOWED; // the caller's

    /**
     * Makes a free one.
     *
     * @param spareTime what the caller does while it waits
     */
    Operation(Pulse pulse, Consumer<CollectiveException> abort, SpareTime spareTime, OperationListener listener) {
        this.pulse = pulse;
        this.abort = abort;
        this.spareTime = spareTime;
        this.listener = listener;
    }

    /** The caller is about to hand it over to be followed. */
    void submitted(long number) {
        this.number = number;
        listener.submitted(number);
    }

    /** Whether it may be used for another call. */
    boolean free() {
        return returned;
    }

    /** Takes it for a new call. */
    Call take() {
        returned = false;
        failure = null;
        number = NOT_FOLLOWED;
        state = PENDING;
        return call;
    }

    Call call() {
        return call;
    }

    void succeed() {
        complete(SUCCEEDED);
    }

    void fail(CollectiveException cause) {
        if (state == PENDING) {
            failure = cause;
            complete(FAILED);
        }
    }

    private void complete(int outcome) {
        call.release();
        if (STATE.compareAndSet(this, PENDING, outcome)) {
            Thread waiting = waiter;
            if (waiting != null) {
                LockSupport.unpark(waiting);
            }
        }
    }

    @Override
    public boolean done() {
        return state != PENDING;
    }

    @Override
    public long await() {
        return await(Long.MAX_VALUE, Duration.ZERO);
    }

    @Override
    public long await(Duration timeout) {
        return await(timeout.toNanos(), timeout);
    }

    @Override
    public void abort(CollectiveException cause) {
        abort.accept(cause);
    }

    private long await(long limitNs, Duration timeout) {
        long startNs = System.nanoTime();
        help(startNs, limitNs);
        if (state == PENDING && !park(startNs, limitNs)) {
            throw CollectiveException.timedOut(
                    "%s of %,d bytes is not over after %.3f s"
                            .formatted(call.kind().label(), call.lengthBytes(), timeout.toNanos() / 1e9),
                    "it goes on: await it again, or abort it");
        }
        CollectiveException cause = failure;
        boolean failed = state == FAILED;
        long waitedNs = System.nanoTime() - startNs;
        if (number != NOT_FOLLOWED) {
            listener.awaited(number, waitedNs);
        }
        returned = true;
        if (failed && cause != null) {
            throw cause.seenHere();
        }
        return waitedNs;
    }

    /** Does the work while there is some, and for a short while when there is none. */
    private void help(long startNs, long limitNs) {
        long nowNs = startNs;
        long workedNs = startNs;
        while (state == PENDING && nowNs - workedNs < HELPING_NS && nowNs - startNs < limitNs) {
            boolean worked = spareTime.help() > 0;
            nowNs = System.nanoTime();
            if (worked) {
                workedNs = nowNs;
            } else if (nowNs - workedNs > SPINNING_NS) {
                Thread.yield();
            } else {
                Thread.onSpinWait();
            }
        }
    }

    /** Whether it was over in time. */
    private boolean park(long startNs, long limitNs) {
        waiter = Thread.currentThread();
        spareTime.handOver();
        try {
            while (state == PENDING) {
                long leftNs = limitNs - (System.nanoTime() - startNs);
                if (leftNs <= 0) {
                    return false;
                }
                LockSupport.parkNanos(this, Math.min(PARK_NS, leftNs));
                Optional<CollectiveException> stopped = pulse.stopped(System.nanoTime());
                if (stopped.isPresent() && state == PENDING) {
                    throw stopped.get(); // and never used again: the thread may still hold it
                }
            }
            return true;
        } finally {
            waiter = null;
        }
    }
}
