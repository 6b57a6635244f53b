package io.dunlin.collectives.engine;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.Priority;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The thread that owns a rank's streams: it runs the engines of all its communicators, the most urgent first, and rests when
 * there is nothing to do.
 *
 * <p>No engine ever waits, so none holds up another; between two pieces of work for one, those that are more urgent
 * have their turn.
 */
final class CommunicationThread implements Runnable, SpareTime {
    private static final int SPINS = 100;
    private static final long YIELDING_NS = 50_000;
    private static final long HELPED_PARK_NS = 100_000;
    private static final long SHORTEST_PARK_NS = 1_000;
    private static final long LONGEST_PARK_NS = 100_000;
    private static final long IDLE_PARK_NS = 2_000_000;
    private static final long LEAVE_POLL_NS = 50_000;
    private static final Duration JOIN = Duration.ofMillis(100);
    private static final long BEAT_CYCLES = 1024;

    private static final int FREE = 0;
    private static final int TAKEN = 1;
    private static final VarHandle TURN;

    static {
        try {
            TURN = MethodHandles.lookup().findVarHandle(CommunicationThread.class, "turn", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Pulse pulse;
    private final Thread thread;
    private volatile Seat[] seats = new Seat[0]; // by urgency
    private volatile boolean resting;
    private volatile long helpedNs = System.nanoTime() - YIELDING_NS;
    private volatile int turn = FREE;
    private volatile boolean stopping;
    private boolean ended; // guarded by this
    private int idleCycles;
    private long idleSinceNs;
    private long parkNs = SHORTEST_PARK_NS;

    /** The place of one communicator on the thread. */
    static final class Seat {
        private final Engine engine;
        private final Priority priority;
        private volatile boolean leaving;
        private volatile boolean left;

        private Seat(Engine engine, Priority priority) {
            this.engine = engine;
            this.priority = priority;
        }

        /** Whether the thread will never look for calls again. */
        boolean left() {
            return left;
        }

        private void leave() {
            try {
                engine.close();
            } finally {
                left = true;
                engine.refuse();
            }
        }
    }

    CommunicationThread(String role, Pulse pulse) {
        this.pulse = pulse;
        this.thread = Thread.ofPlatform().name(role).daemon(true).unstarted(this);
    }

    void start() {
        thread.start();
    }

    /** Runs {@code engine} from now on; on a thread that has ended, it is closed at once. */
    synchronized Seat add(Engine engine, Priority priority) {
        Seat seat = new Seat(engine, priority);
        if (ended) {
            seat.leave();
            return seat;
        }
        Seat[] more = Arrays.copyOf(seats, seats.length + 1);
        more[seats.length] = seat;
        Arrays.sort(more, Comparator.comparing(one -> one.priority));
        seats = more;
        wake();
        return seat;
    }

    /** Closes an engine and forgets it; returns when that has happened, or the thread stands still. */
    void remove(Seat seat) {
        seat.leaving = true;
        boolean interrupted = false;
        while (!seat.left
                && thread.isAlive()
                && pulse.stopped(System.nanoTime()).isEmpty()) {
            LockSupport.unpark(thread);
            LockSupport.parkNanos(this, LEAVE_POLL_NS);
            interrupted |= Thread.interrupted();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void forget(Seat seat) {
        seats = Arrays.stream(seats).filter(one -> one != seat).toArray(Seat[]::new);
    }

    /** Something was put in a queue, or has to be noticed soon; whoever has just helped will do so again. */
    void wake() {
        if (resting && !helped()) {
            LockSupport.unpark(thread);
        }
    }

    /** Ends the thread, closes all engines, and waits for it, unless it stands still. */
    void stop() {
        stopping = true;
        LockSupport.unpark(thread);
        boolean interrupted = false;
        while (thread.isAlive() && pulse.stopped(System.nanoTime()).isEmpty()) {
            try {
                thread.join(JOIN);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void run() {
        try {
            for (long cycle = 0; !stopping; cycle++) {
                if (cycle() > 0) {
                    idleCycles = 0;
                    parkNs = SHORTEST_PARK_NS;
                } else {
                    rest();
                }
                if (cycle % BEAT_CYCLES == 0) {
                    pulse.beat();
                }
            }
        } finally {
            while (!takeTurn()) {
                Thread.onSpinWait();
            }
            leaveAll();
        }
    }

    /** One cycle of all engines, unless a caller is at it; how much was done. */
    private int cycle() {
        if (!takeTurn()) {
            return 0;
        }
        try {
            return runAll();
        } finally {
            TURN.setRelease(this, FREE);
        }
    }

    /**
     * A caller who waits anyway does what the thread would do, so that short operations need not wait for threads to wake
     * up.
     */
    @Override
    public int help() {
        helpedNs = System.nanoTime();
        pulse.beat();
        return cycle();
    }

    @Override
    public void handOver() {
        helpedNs = System.nanoTime() - YIELDING_NS;
        wake();
    }

    /** The engines belong to one thread at a time: to whoever has the turn. */
    private boolean takeTurn() {
        return (int) TURN.getOpaque(this) == FREE && TURN.compareAndSet(this, FREE, TAKEN);
    }

    /** Nobody is left behind, whatever happens to one of them. */
    private synchronized void leaveAll() {
        ended = true;
        @Nullable RuntimeException failure = null;
        for (Seat seat : seats) {
            try {
                seat.leave();
            } catch (RuntimeException e) {
                failure = e;
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    private int runAll() {
        Seat[] current = seats;
        int work = 0;
        for (int i = 0; i < current.length; i++) {
            int done = run(current[i]);
            for (int urgent = 0; done > 0 && urgent < i; urgent++) {
                if (current[urgent].engine.busy()) {
                    done += run(current[urgent]);
                }
            }
            work += done;
        }
        return work;
    }

    private int run(Seat seat) {
        if (seat.left) {
            return 0;
        }
        if (seat.leaving) {
            forget(seat);
            seat.leave();
            return 1;
        }
        try {
            return seat.engine.doWork();
        } catch (RuntimeException | Error e) {
            seat.engine.abort(CollectiveException.transportFailed(
                    thread.getName() + " ended unexpectedly, which is a bug of ours: " + e, ""));
            throw e;
        }
    }

    private void rest() {
        idleCycles++;
        boolean helped = helped();
        if (!helped && idleCycles <= SPINS) {
            Thread.onSpinWait();
        } else if (!helped && yielding()) {
            Thread.yield();
        } else {
            resting = true;
            if (helped) {
                LockSupport.parkNanos(this, HELPED_PARK_NS);
            } else if (busy()) {
                LockSupport.parkNanos(this, parkNs);
                parkNs = Math.min(2 * parkNs, LONGEST_PARK_NS);
            } else if (!called() && !stopping) {
                LockSupport.parkNanos(this, IDLE_PARK_NS);
            }
            resting = false;
            pulse.beat();
        }
    }

    private boolean helped() {
        return System.nanoTime() - helpedNs < YIELDING_NS;
    }

    /** For a short while after work: to be woken takes longer than most short operations. */
    private boolean yielding() {
        if (idleCycles == SPINS + 1) {
            idleSinceNs = System.nanoTime();
        }
        return System.nanoTime() - idleSinceNs < YIELDING_NS;
    }

    /** Whether something may move without a new call. */
    private boolean busy() {
        for (Seat seat : seats) {
            if (seat.engine.busy() || seat.leaving) {
                return true;
            }
        }
        return false;
    }

    /** Whether a call has come in the meantime. */
    private boolean called() {
        for (Seat seat : seats) {
            if (seat.engine.called() || seat.leaving) {
                return true;
            }
        }
        return false;
    }
}
