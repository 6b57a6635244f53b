package io.dunlin.parallel.shard;

import io.dunlin.collectives.Work;
import io.dunlin.device.Event;
import io.dunlin.device.Stream;
import io.dunlin.parallel.ParallelException;
import io.dunlin.train.GradientExchange.GradientPartials;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/**
 * For gradients on a device that the host does not reach: a bucket is copied to pinned memory as soon as it is final,
 * travels, and is copied back, each on a stream of its own, while compute goes on. Several buckets are on their way at a
 * time, so that copies out, the network and copies back overlap.
 *
 * <p>The thread that computes says which buckets are final ({@link #start}); a thread of this carrier does everything
 * else, because the other is busy submitting work, or waits for its end.
 *
 * <p>After a failure buckets may still be on their way: whoever goes on in this process aborts the communicator, closes
 * this, and only then the device.
 */
final class StagedCarrier implements BucketCarrier {
    private static final long SPIN_NS = 20_000;
    private static final long PAUSE_NS = 50_000;
    private static final Duration CLOSING = Duration.ofSeconds(10);

    private final GradientBuckets buckets;
    private final BucketReduction reduction;
    private final Stream compute;
    private final Stream outward;
    private final Stream inward;
    private final long deadlineNs;
    private final BucketSlices onDevice;
    private final StagingSlots onHost;

    private final Event[] computed; // [bucket]: its sums are final; written before `submitted` is
    private final Event[] out; // [bucket]: it is on the host
    private final Work[] travelling; // [bucket]
    private final Event[] back; // [bucket]: its sum is on the device; written before `finished` is

    private final Thread carrier = Thread.ofPlatform()
            .daemon()
            .name("gradient-carrier")
            .uncaughtExceptionHandler((thread, cause) -> fail(cause))
            .unstarted(this::carry);
    private volatile Thread submitter = Thread.currentThread();
    private long steps;
    private volatile long begun; // steps
    private volatile int submitted; // buckets of the step
    private volatile long finished; // steps
    private volatile boolean closed;
    private volatile Failure failure = Failure.NONE;

    /** Why the carrier's thread gave up. */
    private sealed interface Failure {
        Failure NONE = new Nothing();

        record Nothing() implements Failure {}

        record Cause(RuntimeException exception) implements Failure {}
    }

    private StagedCarrier(GradientBuckets buckets, BucketReduction reduction, Staging staging) {
        this.buckets = buckets;
        this.reduction = reduction;
        this.compute = staging.compute();
        this.outward = staging.device().stream("gradients out");
        this.inward = staging.device().stream("gradients back");
        this.deadlineNs = staging.deadline().toNanos();
        this.onDevice = new BucketSlices(buckets);
        this.onHost = new StagingSlots(staging.device(), buckets, staging.slots());
        this.computed = new Event[buckets.count()];
        this.out = new Event[buckets.count()];
        this.travelling = new Work[buckets.count()];
        this.back = new Event[buckets.count()];
    }

    /** Opens the streams and starts the thread. */
    static StagedCarrier open(GradientBuckets buckets, BucketReduction reduction, Staging staging) {
        StagedCarrier opened = new StagedCarrier(buckets, reduction, staging);
        opened.carrier.start();
        return opened;
    }

    // ---------------------------------------------------------------- the thread that computes

    @Override
    public void begin(GradientPartials partials) {
        throwFailure();
        reduction.begin(partials);
        onDevice.bind(partials);
        onHost.reserve(partials.sums().size());
        submitter = Thread.currentThread();
        submitted = 0;
        begun = ++steps;
        LockSupport.unpark(carrier);
    }

    @Override
    public void start(GradientBucket bucket) {
        computed[bucket.number()] = compute.record();
        submitted = bucket.number() + 1;
        LockSupport.unpark(carrier);
    }

    @Override
    public long finish() {
        long startNs = System.nanoTime();
        while (finished != begun) {
            throwFailure();
            pause(System.nanoTime() - startNs);
        }
        if (buckets.count() > 0) {
            compute.await(back[buckets.count() - 1]); // one stream brings them back in order
        }
        return System.nanoTime() - startNs;
    }

    private void throwFailure() {
        if (failure instanceof Failure.Cause(RuntimeException exception)) {
            throw exception;
        }
    }

    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(carrier);
        try {
            if (!carrier.join(CLOSING)) {
                throw ParallelException.carrierStuck(CLOSING.toSeconds());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw ParallelException.carrierStuck(0);
        }
    }

    // ---------------------------------------------------------------- the thread of this carrier

    private void carry() {
        Step step = new Step();
        for (long number = 1; !closed; number++) {
            while (begun != number && !closed) {
                LockSupport.park(this);
            }
            step.run();
            finished = number;
            LockSupport.unpark(submitter);
        }
    }

    private void fail(Throwable cause) {
        failure = new Failure.Cause(
                cause instanceof RuntimeException known
                        ? known
                        : new IllegalStateException("the thread that carries gradients has ended", cause));
        LockSupport.unpark(submitter);
    }

    private static void pause(long idleNs) {
        if (idleNs < SPIN_NS) {
            Thread.onSpinWait();
        } else {
            LockSupport.parkNanos(PAUSE_NS);
        }
    }

    /** The buckets of a step: how many have set out from the device, from this host, and back to the device. */
    private final class Step {
        private int copied;
        private int sent;
        private int returned;

        void run() {
            copied = 0;
            sent = 0;
            returned = 0;
            long movedNs = System.nanoTime();
            while (returned < buckets.count() && !closed) {
                if (returned == submitted) {
                    LockSupport.park(StagedCarrier.this); // until the next bucket is computed
                    movedNs = System.nanoTime();
                } else if (copyOut() | send() | copyBack()) {
                    movedNs = System.nanoTime();
                } else {
                    long idleNs = System.nanoTime() - movedNs;
                    if (idleNs > deadlineNs) {
                        sayWhatIsLate();
                    }
                    pause(idleNs);
                }
            }
        }

        private boolean copyOut() {
            if (copied == submitted || !slotIsFree()) {
                return false;
            }
            BucketMemory from = onDevice.of(buckets.get(copied));
            BucketMemory to = onHost.of(copied);
            outward.await(computed[copied]);
            for (int i = 0; i < from.sums().size(); i++) {
                outward.download(from.sums().get(i), to.sums().get(i));
            }
            out[copied] = outward.record();
            copied++;
            return true;
        }

        /** Whether what used the slot of the next bucket before it is on the device again. */
        private boolean slotIsFree() {
            int before = copied - onHost.count();
            return before < 0 || before < returned && back[before].done();
        }

        private boolean send() {
            if (sent == copied || !out[sent].done()) {
                return false;
            }
            travelling[sent] = reduction.start(buckets.get(sent), onHost.of(sent));
            sent++;
            return true;
        }

        private boolean copyBack() {
            if (returned == sent || !travelling[returned].done()) {
                return false;
            }
            travelling[returned].await();
            bringBack();
            return true;
        }

        private void bringBack() {
            MemorySegment target = onDevice.of(buckets.get(returned)).result();
            inward.upload(onHost.of(returned).result(), target);
            back[returned] = inward.record();
            returned++;
        }

        /** Nothing has moved for too long: fails with the bucket that everything waits for. */
        private void sayWhatIsLate() {
            if (returned < sent) {
                travelling[returned].await(Duration.ofNanos(1)); // knows better what it waits for
                bringBack(); // it has come at the last moment
            } else if (sent < copied) {
                throw ParallelException.copyLate("from", buckets.get(sent).lengthBytes(), sent, deadlineNs);
            } else {
                int before = copied - onHost.count();
                throw ParallelException.copyLate("to", buckets.get(before).lengthBytes(), before, deadlineNs);
            }
        }
    }
}
