package io.dunlin.collectives.engine;

import io.dunlin.collectives.wire.OperationHeader;
import io.dunlin.collectives.wire.RawMemory;
import java.lang.foreign.Arena;

/** What the other members have said about themselves on the control lane. */
final class Peers {
    private static final long UNKNOWN = -1;

    private final long[] processIds; // [member]
    private final long[] called; // [member] operations called so far, or UNKNOWN
    private final long headers; // [member] header of the oldest operation that is not over there

    Peers(int size, Arena arena) {
        this.processIds = new long[size];
        this.called = new long[size];
        this.headers = arena.allocate((long) size * OperationHeader.BYTES, 64).address();
        for (int member = 0; member < size; member++) {
            processIds[member] = UNKNOWN;
            called[member] = UNKNOWN;
        }
    }

    void greeted(int member, long processId) {
        processIds[member] = processId;
    }

    boolean hasGreeted(int member) {
        return processIds[member] != UNKNOWN;
    }

    long processId(int member) {
        return processIds[member];
    }

    void status(int member, long operationsCalled, long headerAddress) {
        called[member] = operationsCalled;
        RawMemory.copy(headerAddress, headerAddress(member), OperationHeader.BYTES);
    }

    boolean hasReported(int member) {
        return called[member] != UNKNOWN;
    }

    long called(int member) {
        return called[member];
    }

    long headerAddress(int member) {
        return headers + (long) member * OperationHeader.BYTES;
    }
}
