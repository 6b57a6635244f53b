package io.dunlin.collectives.engine;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.wire.OperationHeader;
import java.lang.foreign.Arena;
import java.util.ArrayDeque;

/** Messages in one direction between this member and one peer, and how far the first of them has come. */
final class MessageQueue {
    private final ArrayDeque<Operation> waiting = new ArrayDeque<>();
    private final long headerAddress;
    private long number; // of the first
    private long movedBytes;
    private boolean entered;
    private long sinceNs;

    MessageQueue(Arena arena) {
        this.headerAddress = arena.allocate(OperationHeader.BYTES, 64).address();
    }

    void add(Operation operation, long nowNs) {
        if (waiting.isEmpty()) {
            sinceNs = nowNs;
        }
        waiting.add(operation);
    }

    boolean isEmpty() {
        return waiting.isEmpty();
    }

    Operation first() {
        return waiting.getFirst();
    }

    /** Where the header of the first message is kept. */
    long headerAddress() {
        return headerAddress;
    }

    /** How many came before the first. */
    long number() {
        return number;
    }

    /** Bytes of the first message that have moved. */
    long movedBytes() {
        return movedBytes;
    }

    /** Whether the first frame of the first message has moved. */
    boolean entered() {
        return entered;
    }

    /** Since when the first is the first. */
    long sinceNs() {
        return sinceNs;
    }

    /** A frame of the first message has moved; whether it was its last. */
    boolean moved(int bytes, long nowNs) {
        entered = true;
        movedBytes += bytes;
        if (movedBytes < first().call().lengthBytes()) {
            return false;
        }
        waiting.removeFirst().succeed();
        number++;
        movedBytes = 0;
        entered = false;
        sinceNs = nowNs;
        return true;
    }

    void fail(CollectiveException cause) {
        while (!waiting.isEmpty()) {
            waiting.removeFirst().fail(cause);
        }
    }
}
