package io.dunlin.collectives.engine;

import io.dunlin.collectives.wire.OperationHeader;
import io.dunlin.collectives.wire.RawMemory;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** What the other members have said about themselves on the control lane. */
final class Peers {
    private static final long UNKNOWN = -1;

    private final long[] processIds; // [member]
    private final List<Optional<ProcessHandle>> processes; // [member] if the system can be asked about it
    private final boolean[] welcomed; // [member] whether it knows this one
    private final long[] called; // [member] operations called so far, or UNKNOWN
    private final long headers; // [member] header of the oldest operation that is not over there

    Peers(int size, Arena arena) {
        this.processIds = new long[size];
        this.processes = new ArrayList<>(Collections.nCopies(size, Optional.empty()));
        this.welcomed = new boolean[size];
        this.called = new long[size];
        this.headers = arena.allocate((long) size * OperationHeader.BYTES, 64).address();
        for (int member = 0; member < size; member++) {
            processIds[member] = UNKNOWN;
            called[member] = UNKNOWN;
        }
    }

    /**
     * A member has said who it is, perhaps again. The system can be asked about its process if that is on this host and can be
     * seen now: a container may hide it.
     */
    void heardOf(int member, long processId, boolean sharesHost) {
        if (processIds[member] != processId) {
            processIds[member] = processId;
            processes.set(member, sharesHost ? ProcessHandle.of(processId) : Optional.empty());
        }
    }

    /** A member has heard of this one. */
    void welcomed(int member) {
        welcomed[member] = true;
    }

    boolean hasWelcomed(int member) {
        return welcomed[member];
    }

    /** Whether a member's process was seen and is no more. */
    boolean hasEnded(int member) {
        Optional<ProcessHandle> process = processes.get(member);
        return process.isPresent() && !process.get().isAlive();
    }

    boolean isKnown(int member) {
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
