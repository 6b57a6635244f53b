package io.dunlin.device.cpu;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * A fixed team of threads that share the tiles of one job at a time: the submitting thread and {@code threads - 1}
 * workers.
 *
 * <p>Tiles are handed out one by one, so who computes a tile is open; what a tile computes must not depend on it. A
 * worker that is late is not waited for: a job closes when its tiles are gone, and only workers that joined are awaited.
 * Workers spin for a while between jobs and then park, so that an idle rank leaves the cores to others.
 *
 * <p>If the team is busy with a job of another thread, the submitting thread computes all tiles itself.
 */
final class Team implements AutoCloseable {
    /** Work cut into tiles that may run in any order and at the same time. */
    interface Job {
        /**
         * Computes one tile.
         *
         * @param tile which one, from 0
         * @param worker who computes it, 0 to {@code threads - 1}; selects scratch memory
         */
        void tile(int tile, int worker);
    }

    private static final int SPINS = 4_000;
    private static final int CLOSED = Integer.MIN_VALUE / 2;
    private static final Throwable[] NONE = {};
    private static final Job NOTHING = (tile, worker) -> {};

    private final Worker[] workers;
    private final AtomicBoolean busy = new AtomicBoolean();
    private final AtomicInteger joined = new AtomicInteger(CLOSED);
    private final AtomicInteger nextTile = new AtomicInteger();
    private Job job = NOTHING;
    private int tiles;
    private final AtomicLong epoch = new AtomicLong();
    private volatile boolean closed;
    private volatile Throwable[] failure = NONE;

    Team(int threads) {
        workers = new Worker[threads - 1];
        for (int i = 0; i < workers.length; i++) {
            workers[i] = new Worker(i + 1);
            workers[i].thread.start();
        }
    }

    int threads() {
        return workers.length + 1;
    }

    /** Computes tiles 0 to {@code count - 1} of {@code work}, and returns when all are done. */
    void run(Job work, int count) {
        if (count <= 1 || workers.length == 0 || !busy.compareAndSet(false, true)) {
            for (int tile = 0; tile < count; tile++) {
                work.tile(tile, 0);
            }
            return;
        }
        try {
            share(work, count);
        } finally {
            busy.set(false);
        }
    }

    private void share(Job work, int count) {
        failure = NONE;
        job = work;
        tiles = count;
        nextTile.set(0);
        joined.set(0);
        epoch.getAndIncrement();
        for (Worker worker : workers) {
            if (worker.parked) {
                LockSupport.unpark(worker.thread);
            }
        }
        try {
            takeTiles(0);
        } finally {
            nextTile.set(count);
            joined.getAndAdd(CLOSED);
            awaitWorkers();
            job = NOTHING;
        }
        Throwable[] seen = failure;
        if (seen.length > 0) {
            failure = NONE;
            throw new IllegalStateException("a worker thread failed in a kernel", seen[0]);
        }
    }

    private void takeTiles(int worker) {
        Job current = job;
        int count = tiles;
        for (int tile = nextTile.getAndIncrement(); tile < count; tile = nextTile.getAndIncrement()) {
            current.tile(tile, worker);
        }
    }

    private void awaitWorkers() {
        for (int spins = 0; joined.get() != CLOSED; spins++) {
            if (spins < SPINS) {
                Thread.onSpinWait();
            } else {
                Thread.yield();
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        for (Worker worker : workers) {
            LockSupport.unpark(worker.thread);
        }
    }

    private final class Worker implements Runnable {
        private final int index;
        private final Thread thread;
        private volatile boolean parked;

        Worker(int index) {
            this.index = index;
            thread =
                    Thread.ofPlatform().name("dunlin-compute-" + index).daemon().unstarted(this);
        }

        @Override
        public void run() {
            long seen = 0;
            while (awaitJobAfter(seen)) {
                seen = epoch.get();
                if (joinJob()) {
                    try {
                        takeTiles(index);
                    } catch (Throwable e) {
                        failure = new Throwable[] {e};
                    } finally {
                        joined.getAndDecrement();
                    }
                }
            }
        }

        /** Joins the open job; false if it has closed meanwhile. */
        private boolean joinJob() {
            int count = joined.get();
            while (count >= 0) {
                if (joined.compareAndSet(count, count + 1)) {
                    return true;
                }
                count = joined.get();
            }
            return false;
        }

        private boolean awaitJobAfter(long seen) {
            for (int spins = 0; epoch.get() == seen && !closed; spins++) {
                if (spins < SPINS) {
                    Thread.onSpinWait();
                } else {
                    parked = true;
                    if (epoch.get() == seen && !closed) {
                        LockSupport.park(this);
                    }
                    parked = false;
                }
            }
            return !closed;
        }
    }
}
