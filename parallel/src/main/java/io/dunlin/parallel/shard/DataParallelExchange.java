package io.dunlin.parallel.shard;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.tensor.DType;
import io.dunlin.train.GradientExchange;
import io.dunlin.train.StepRequest;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * Data parallelism: every rank has the whole model, computes its share of the micro-batches, and ends with the sum of
 * all gradients.
 *
 * <p>The gradient is cut into buckets. Backward reports what is final from the end to the beginning; a bucket's
 * all-reduce starts as soon as all of it is final, and travels while backward goes on. After warm-up no call allocates.
 * With one rank nothing is exchanged, as in {@link GradientExchange#ALONE}.
 *
 * <p>Gradients that the host cannot reach pass through pinned memory, see {@link Staging}; their sums are then on the
 * device for the work submitted after {@link #finish()}.
 *
 * <p>One thread calls all methods, those of the counters included.
 */
public final class DataParallelExchange implements GradientExchange {
    /** Tensors begin on cache lines in the flat gradient: less than this lies between two. */
    private static final long PADDING_ELEMENTS = 16;

    private static final int REQUESTS = StepRequest.values().length;

    private final Communicator communicator;
    private final GradientBuckets buckets;
    private final BucketCarrier carrier;
    private final boolean agreesAlone;
    private final boolean alone; // has nobody to add gradients with
    private final List<Range> counted;

    private long frontier; // elements from here to the end are final
    private int startedCount;
    private boolean inStep;

    private MemorySegment tallyMemory = MemorySegment.NULL;
    private MemorySegment tally = MemorySegment.NULL; // F64 [micro-batches + kinds of request + 1]

    private long steps;
    private long reducedBytes;
    private long exposedNs;
    private long lastExposedNs;
    private long agreementNs;

    /**
     * Whom this rank exchanges with.
     *
     * @param all ranks of the run: they agree on losses and requests
     * @param holders ranks that sum up the same elements; in the order of their micro-batches
     */
    public record Members(Communicator all, Communicator holders) {
        /** Where every rank sums up all elements. */
        public static Members of(Communicator all) {
            return new Members(all, all);
        }
    }

    DataParallelExchange(Members members, GradientBuckets buckets, BucketCarrier carrier, List<Range> counted) {
        this.communicator = members.all();
        this.buckets = buckets;
        this.carrier = carrier;
        this.agreesAlone = members.all().size() == 1;
        this.alone = members.holders().size() == 1;
        this.counted = List.copyOf(counted);
    }

    /**
     * Each rank keeps one running sum and ranks are added in the order that is fastest: equal to one rank up to
     * rounding.
     *
     * @param members their owner closes the communicators
     * @param staging for gradients that the host cannot reach
     */
    public static DataParallelExchange fast(Members members, GradientBuckets buckets, Staging staging) {
        return of(members, buckets, new RunningReduction(members.holders()), staging, sharedOut(members, buckets));
    }

    /**
     * Micro-batches are added in the order of a fixed tree: any number of ranks gives the same bits as one.
     *
     * @param members their owner closes the communicators
     * @param staging for gradients that the host cannot reach
     */
    public static DataParallelExchange deterministic(Members members, GradientBuckets buckets, Staging staging) {
        return of(members, buckets, new TreeReduction(members.holders()), staging, sharedOut(members, buckets));
    }

    /**
     * As {@link #fast}, but each holder ends with the sums of what it updates alone: half the bytes.
     *
     * @param members their owner closes the communicators
     * @param reduction knows what each holder updates
     * @param staging for gradients that the host cannot reach
     */
    static DataParallelExchange scattering(Members members, ScatterReduction reduction, Staging staging) {
        BucketParts parts = reduction.parts();
        return of(members, parts.buckets(), reduction, staging, parts.own());
    }

    /** Where every holder has all sums, each counts an even share of them. */
    private static List<Range> sharedOut(Members members, GradientBuckets buckets) {
        long from = buckets.elements()
                * members.holders().rank()
                / members.holders().size();
        long to = buckets.elements()
                * (members.holders().rank() + 1)
                / members.holders().size();
        return List.of(new Range(from, to - from));
    }

    private static DataParallelExchange of(
            Members members, GradientBuckets buckets, BucketReduction reduction, Staging staging, List<Range> counted) {
        boolean direct = staging.device().hostReadable() || members.holders().size() == 1;
        return new DataParallelExchange(
                members,
                buckets,
                direct ? new HostCarrier(buckets, reduction) : StagedCarrier.open(buckets, reduction, staging),
                counted);
    }

    @Override
    public void begin(GradientPartials partials) {
        if (inStep) {
            throw new IllegalStateException("a step begins before finish() of the step before");
        }
        inStep = true;
        frontier = buckets.elements();
        startedCount = 0;
        if (!alone) {
            carrier.begin(partials);
        }
        if (partials.sums().isEmpty()) {
            advanceTo(0); // no micro-batch to compute: receive from the start
        }
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalStateException if parts are left out or come in another order: the exchange would send gradients
     *     that are not final
     */
    @Override
    public void ready(long offset, long length) {
        if (!inStep) {
            throw new IllegalStateException("gradients are ready outside of a step");
        }
        long end = offset + length;
        if (end > frontier || end < frontier - PADDING_ELEMENTS || offset < 0) {
            throw new IllegalStateException("elements " + offset + " to " + end
                    + " are ready, but the part that ends at element " + frontier + " was to be next");
        }
        advanceTo(offset);
    }

    private void advanceTo(long offset) {
        frontier = offset;
        while (!alone
                && startedCount < buckets.count()
                && buckets.get(startedCount).offset() >= frontier) {
            GradientBucket bucket = buckets.get(startedCount);
            carrier.start(bucket);
            startedCount++;
            reducedBytes += bucket.lengthBytes();
        }
    }

    @Override
    public long finish() {
        if (!inStep) {
            throw new IllegalStateException("finish() outside of a step");
        }
        if (frontier > 0) {
            throw new IllegalStateException("elements 0 to " + frontier + " of the gradient were never ready");
        }
        inStep = false;
        steps++;
        long waitedNs = alone ? 0 : carrier.finish();
        lastExposedNs = waitedNs;
        exposedNs += waitedNs;
        return waitedNs;
    }

    /**
     * {@inheritDoc}
     *
     * <p>May also be called between steps, by all ranks, for example to add up the losses of an evaluation. The losses
     * of {@code mine} are overwritten by the combined ones. Each loss has one rank that fills it in, and adding zeros
     * changes no bit, so the sum is exact in any order. The squares of {@code mine} are overwritten as well.
     */
    @Override
    public Tally agree(Tally mine) {
        if (agreesAlone) {
            return mine;
        }
        double[] losses = mine.lossSums();
        double[] squares = mine.squares();
        int length = losses.length + REQUESTS + squares.length;
        reserveTally(length);
        MemorySegment.copy(losses, 0, tally, ValueLayout.JAVA_DOUBLE, 0, losses.length);
        for (int bit = 0; bit < REQUESTS; bit++) {
            tally.setAtIndex(ValueLayout.JAVA_DOUBLE, losses.length + bit, mine.requests() >>> bit & 1);
        }
        MemorySegment.copy(
                squares,
                0,
                tally,
                ValueLayout.JAVA_DOUBLE,
                (long) Double.BYTES * (losses.length + REQUESTS),
                squares.length);
        agreementNs += communicator.allReduce(tally, DType.F64, ReduceOp.SUM).await();
        MemorySegment.copy(tally, ValueLayout.JAVA_DOUBLE, 0, losses, 0, losses.length);
        int requests = 0;
        for (int bit = 0; bit < REQUESTS; bit++) {
            // Not "> 0": a count is exact, and whatever is not zero was asked for by somebody.
            if (tally.getAtIndex(ValueLayout.JAVA_DOUBLE, losses.length + bit) != 0) {
                requests |= 1 << bit;
            }
        }
        MemorySegment.copy(
                tally,
                ValueLayout.JAVA_DOUBLE,
                (long) Double.BYTES * (losses.length + REQUESTS),
                squares,
                0,
                squares.length);
        return requests == mine.requests() ? mine : new Tally(losses, requests, squares);
    }

    private void reserveTally(long length) {
        long lengthBytes = length * Double.BYTES;
        if (lengthBytes > tallyMemory.byteSize()) {
            // Collected with its last user: a failed collective may hold it longer than this exchange does.
            tallyMemory = Arena.ofAuto().allocate(lengthBytes, 64);
        }
        if (lengthBytes != tally.byteSize()) {
            tally = tallyMemory.asSlice(0, lengthBytes);
        }
    }

    @Override
    public List<Range> counted(long elements) {
        if (elements != buckets.elements()) {
            throw new IllegalArgumentException(
                    "%,d elements, but buckets of %,d".formatted(elements, buckets.elements()));
        }
        return counted;
    }

    @Override
    public void close() {
        carrier.close();
    }

    /** What has been exchanged since this exchange was made. */
    public Counters counters() {
        return new Counters(steps, reducedBytes, exposedNs, lastExposedNs, agreementNs);
    }

    /**
     * What one rank exchanged.
     *
     * @param steps finished
     * @param reducedBytes gradient bytes handed to all-reduce: one flat gradient a step, whatever the algorithm sends
     * @param exposedNs waited in {@link #finish()}: gradient communication that compute did not hide
     * @param lastExposedNs the same, in the last step
     * @param agreementNs waited in {@link #agree}
     */
    public record Counters(long steps, long reducedBytes, long exposedNs, long lastExposedNs, long agreementNs) {}
}
