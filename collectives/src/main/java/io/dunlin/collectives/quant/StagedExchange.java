package io.dunlin.collectives.quant;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.Work;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Operations of communicators with computation between them. What has arrived is decoded by the thread that polls or awaits,
 * so {@link #done} may compute, but never waits. Once awaited, it can be started again.
 */
abstract sealed class StagedExchange implements Work permits QuantizedReduceScatter, QuantizedAllGather {
    private static final long FOREVER = Long.MAX_VALUE;

    private @Nullable Work pending;
    private boolean started;
    private @Nullable CollectiveException failure;

    StagedExchange() {}

    /** Called when the pending operation has ended well: makes what follows pending, or nothing. */
    abstract void proceed();

    /** Called when it has failed. */
    abstract void fail();

    /** Whose turn it is to proceed: this exchange's, unless an older one must go first. */
    abstract StagedExchange turn();

    /** Refuses to start what was not awaited. */
    final void mayStart() {
        if (started) {
            throw new IllegalStateException("started before, and not awaited");
        }
    }

    /** Its first operation, if it needs any, has been called: from now on it has to be awaited. */
    final void started() {
        started = true;
        failure = null;
    }

    final void waitFor(Work operation) {
        pending = operation;
    }

    @Override
    public final boolean done() {
        while (pending != null) {
            StagedExchange next = turn();
            if (next.pending == null || !next.pending.done()) {
                return false;
            }
            next.settle(FOREVER);
        }
        return true;
    }

    @Override
    public final long await() {
        return await(FOREVER);
    }

    /** As {@link Work#await(Duration)}; the time that decoding takes does not count. */
    @Override
    public final long await(Duration timeout) {
        return await(timeout.toNanos());
    }

    private long await(long limitNs) {
        long waitedNs = 0;
        while (pending != null) {
            waitedNs += turn().settle(limitNs == FOREVER ? FOREVER : Math.max(0, limitNs - waitedNs));
        }
        started = false;
        if (failure != null) {
            throw failure.seenHere();
        }
        return waitedNs;
    }

    /** Waits for the pending operation and proceeds. What fails is kept for the one who awaits this exchange. */
    private long settle(long limitNs) {
        Work operation = pending;
        if (operation == null) {
            return 0;
        }
        long waitedNs = 0;
        try {
            waitedNs = limitNs == FOREVER ? operation.await() : operation.await(Duration.ofNanos(limitNs));
            pending = null;
            proceed();
        } catch (CollectiveException e) {
            if (pending != null && limitNs != FOREVER && !operation.done()) {
                throw e; // not over in time: it goes on
            }
            pending = null;
            failure = e;
            fail();
        }
        return waitedNs;
    }

    static void check(String name, MemorySegment memory, long bytes) {
        if (!memory.isNative() || memory.byteSize() != bytes) {
            throw new IllegalArgumentException(
                    "%s has %,d bytes of native memory, not %s".formatted(name, bytes, memory));
        }
    }
}
