package io.dunlin.collectives.engine;

import io.dunlin.collectives.CollectiveException;
import java.util.concurrent.locks.LockSupport;

/** The thread that owns a rank's streams: it runs an engine until told to stop, and rests when there is nothing to do. */
final class CommunicationThread implements Runnable {
    private static final int SPINS = 100;
    private static final int YIELDS = 20;
    private static final long SHORTEST_PARK_NS = 1_000;
    private static final long LONGEST_PARK_NS = 100_000;
    private static final long IDLE_PARK_NS = 2_000_000;
    private static final long BEAT_CYCLES = 1024;

    private final Engine engine;
    private final OperationQueue queue;
    private final Pulse pulse;
    private final Thread thread;
    private volatile boolean resting;
    private volatile boolean stopping;
    private volatile boolean over;
    private int idleCycles;
    private long parkNs = SHORTEST_PARK_NS;

    CommunicationThread(String role, Engine engine, OperationQueue queue, Pulse pulse) {
        this.engine = engine;
        this.queue = queue;
        this.pulse = pulse;
        this.thread = Thread.ofPlatform().name(role).daemon(true).unstarted(this);
    }

    void start() {
        thread.start();
    }

    /** Something was put in the queue, or has to be noticed soon. */
    void wake() {
        if (resting) {
            LockSupport.unpark(thread);
        }
    }

    /** Whether the thread has ended: it will never look into the queue again. */
    boolean over() {
        return over;
    }

    /** Ends the thread and waits for it. */
    void stop() {
        stopping = true;
        LockSupport.unpark(thread);
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
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
                if (engine.doWork() > 0) {
                    idleCycles = 0;
                    parkNs = SHORTEST_PARK_NS;
                } else {
                    rest();
                }
                if (cycle % BEAT_CYCLES == 0) {
                    pulse.beat();
                }
            }
        } catch (RuntimeException | Error e) {
            engine.abort(CollectiveException.transportFailed(
                    thread.getName() + " ended unexpectedly, which is a bug of ours: " + e, ""));
            throw e;
        } finally {
            try {
                engine.close();
            } finally {
                over = true;
                while (!queue.isEmpty()) {
                    queue.take().fail(engine.verdict().cause());
                }
            }
        }
    }

    private void rest() {
        idleCycles++;
        if (idleCycles <= SPINS) {
            Thread.onSpinWait();
        } else if (idleCycles <= SPINS + YIELDS) {
            Thread.yield();
        } else {
            resting = true;
            if (engine.busy()) {
                LockSupport.parkNanos(this, parkNs);
                parkNs = Math.min(2 * parkNs, LONGEST_PARK_NS);
            } else if (queue.isEmpty() && !stopping) {
                LockSupport.parkNanos(this, IDLE_PARK_NS);
            }
            resting = false;
            pulse.beat();
        }
    }
}
