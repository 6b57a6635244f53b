package io.dunlin.collectives.engine;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;

/** Operations from one caller at a time to the communication thread, in order; the place in the queue is the number. */
final class OperationQueue {
    private static final int CAPACITY = 1024;
    private static final long PARK_NS = 100_000;
    private static final VarHandle ADDED;
    private static final VarHandle TAKEN;

    static {
        try {
            ADDED = MethodHandles.lookup().findVarHandle(OperationQueue.class, "added", long.class);
            TAKEN = MethodHandles.lookup().findVarHandle(OperationQueue.class, "taken", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Operation[] slots = new Operation[CAPACITY];
    private volatile long added;
    private volatile long taken;

    /**
     * Adds at the end; waits while more than a thousand operations are ahead of it.
     *
     * @param pulse of the thread that takes them
     */
    void add(Operation operation, Pulse pulse) {
        long number = (long) ADDED.getOpaque(this);
        while (number - (long) TAKEN.getAcquire(this) >= CAPACITY) {
            LockSupport.parkNanos(this, PARK_NS);
            pulse.stopped(System.nanoTime()).ifPresent(stopped -> {
                throw stopped;
            });
        }
        slots[(int) (number % CAPACITY)] = operation;
        added = number + 1;
    }

    /** How many were ever added. */
    long added() {
        return added;
    }

    /** Whether none waits to be taken. */
    boolean isEmpty() {
        return added == taken;
    }

    /** The first that was not taken; only if there is one. */
    Operation take() {
        long number = (long) TAKEN.getOpaque(this);
        Operation operation = slots[(int) (number % CAPACITY)];
        TAKEN.setRelease(this, number + 1);
        return operation;
    }
}
