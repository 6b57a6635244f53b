package io.dunlin.collectives.engine;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.Media;
import io.dunlin.collectives.algorithm.Call;
import io.dunlin.collectives.algorithm.Repertoire;
import io.dunlin.collectives.algorithm.Way;
import io.dunlin.collectives.transport.PeerMemory;
import io.dunlin.collectives.wire.OperationHeader;
import java.lang.foreign.Arena;

/**
 * The operations under way, at most a few, oldest first, and the headers of the last 256, so that a peer that is behind
 * can still be told what was called.
 */
final class Window {
    /** Operations that may be under way at once. */
    static final int WIDTH = 4;

    private static final int REMEMBERED = 256;

    private final OperationHeader.Scope scope;
    private final OperationListener listener;
    private final Execution[] executions = new Execution[WIDTH];
    private final long headers;
    private long oldest; // number of the oldest operation that is not over
    private long next; // number of the next operation to take up
    private long oldestSinceNs;

    Window(CommunicatorSettings settings, Media media, PeerMemory memory, Arena arena) {
        int rank = settings.rank();
        int size = settings.group().size();
        this.scope = settings.scope();
        this.listener = settings.listener();
        this.headers =
                arena.allocate((long) REMEMBERED * OperationHeader.BYTES, 64).address();
        for (int i = 0; i < WIDTH; i++) {
            executions[i] = new Execution(rank, size, new Repertoire(rank, settings.tuning(), media, memory, arena));
        }
    }

    boolean full() {
        return next - oldest == WIDTH;
    }

    boolean empty() {
        return next == oldest;
    }

    long oldest() {
        return oldest;
    }

    long next() {
        return next;
    }

    /** Since when the oldest operation is the oldest. */
    long oldestSinceNs() {
        return oldestSinceNs;
    }

    /** The operation with a number; only if it is in the window. */
    Execution at(long number) {
        return executions[(int) (number % WIDTH)];
    }

    /** Takes up the next operation; only if the window is not full. */
    void begin(Operation operation, long nowNs) {
        Execution execution = at(next);
        Call call = operation.call();
        long header = headerAddress(next);
        Way way = execution.repertoire().choose(call);
        OperationHeader.write(
                header,
                scope,
                next,
                call.kind(),
                call.dtype(),
                call.op(),
                way.ordinal(),
                call.lengthBytes(),
                call.detail());
        OperationHeader.label(header, call.tensor(), call.version());
        if (empty()) {
            oldestSinceNs = nowNs;
        }
        listener.entered(next, call, way.ordinal());
        next++; // first: if it cannot begin, it fails with the others
        execution.begin(operation, next - 1, header, way);
    }

    /** Whether the header of operation {@code number} is still known. */
    boolean remembers(long number) {
        return number >= 0 && number < next && next - number <= REMEMBERED;
    }

    /** Where the header of an operation is; only if it is remembered. */
    long headerAddress(long number) {
        return headers + (number % REMEMBERED) * OperationHeader.BYTES;
    }

    /** Does local work and reports the operations that are over; whether anything happened. */
    boolean advance(long nowNs) {
        boolean moved = false;
        for (long number = oldest; number < next; number++) {
            Execution execution = at(number);
            if (execution.underWay()) {
                moved |= execution.algorithm().advance();
                if (execution.over()) {
                    listener.done(number);
                    execution.finish();
                    moved = true;
                }
            }
        }
        while (oldest < next && !at(oldest).underWay()) {
            oldest++;
            oldestSinceNs = nowNs;
        }
        return moved;
    }

    /** Fails all that are under way. */
    void fail(CollectiveException cause) {
        for (long number = oldest; number < next; number++) {
            if (at(number).underWay()) {
                listener.failed(number);
                at(number).fail(cause);
            }
        }
        oldest = next;
    }
}
