package io.dunlin.data;

import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Batches of token files, read one step ahead.
 *
 * <p>There are two sets of memory: one holds the step that the caller works on; a thread of this source fills the other
 * with the step that follows. Whoever asks for another step than that waits while it is read.
 */
public final class TokenBatchSource implements BatchSource {
    private static final long CLOSE_SECONDS = 10;

    private final Samples samples;
    private final SampleOrder order;
    private final Duration deadline;
    private final Arena arena = Arena.ofShared();
    private final List<StepBuffer> buffers;
    private final ExecutorService reader = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("data-reader").factory());
    private Optional<Ahead> ahead = Optional.empty();
    private int filling;
    private long waitedNs;

    /** A step that the reader has been told to read. */
    private record Ahead(DataPosition position, Share share, Future<Batch> batch) {
        boolean is(DataPosition wanted, Share wantedShare) {
            return position.equals(wanted) && share.equals(wantedShare);
        }
    }

    /**
     * Reads samples of the plan's context.
     *
     * @param shards closed by {@link #close}, but not if this fails
     * @param plan of a step
     * @param order of the samples
     * @param deadline after which waiting for one step's samples is an error
     * @throws DataException DUN-604 if the files are too short for a single sample
     */
    public TokenBatchSource(TokenShards shards, BatchPlan plan, SampleOrder order, Duration deadline) {
        this(shards.cut(plan.context(), ShardSamples.Rest.DROPPED), plan, order, StepBuffer.AtEnd.NEXT_PASS, deadline);
    }

    TokenBatchSource(Samples samples, BatchPlan plan, SampleOrder order, StepBuffer.AtEnd atEnd, Duration deadline) {
        this.samples = samples;
        this.order = order;
        this.deadline = deadline;
        this.buffers = List.of(
                new StepBuffer(samples, order, plan, atEnd, arena), new StepBuffer(samples, order, plan, atEnd, arena));
    }

    /**
     * Reads for validation: in order, every token but the first of a file as a target once, also those behind the last
     * whole sample; a step at the end of the data is shorter. So a text shorter than the context can be validated on,
     * and no token counts twice.
     *
     * @param shards closed by {@link #close}, but not if this fails
     * @param plan of a step, as in training
     * @param deadline after which waiting for one step's samples is an error
     * @throws DataException DUN-604 if there are not two tokens in any file
     */
    public static TokenBatchSource validation(TokenShards shards, BatchPlan plan, Duration deadline) {
        Samples samples = shards.cut(plan.context(), ShardSamples.Rest.KEPT);
        return new TokenBatchSource(samples, plan, SampleOrder.inOrder(), StepBuffer.AtEnd.STOP, deadline);
    }

    /** Samples of one pass over the data. */
    public long samplesPerEpoch() {
        return samples.count();
    }

    /** Nanoseconds that {@link #next} has waited for samples, in all. */
    public long waitedNs() {
        return waitedNs;
    }

    /**
     * {@inheritDoc}
     *
     * @throws DataException DUN-615 if the files do not answer within the deadline, DUN-614 if the position is not in
     *     the data, DUN-606 or 608 if a file turns out to be damaged
     */
    @Override
    public Batch next(DataPosition position, Share share) {
        long startNs = System.nanoTime();
        Ahead wanted = ahead.filter(step -> step.is(position, share)).orElseGet(() -> read(position, share));
        ahead = Optional.empty();
        Batch batch = await(wanted);
        filling = 1 - filling;
        ahead = Optional.of(read(batch.next(), share));
        waitedNs += System.nanoTime() - startNs;
        return batch;
    }

    /** Tells the reader to fill the memory that the caller does not hold; after whatever it was told before. */
    private Ahead read(DataPosition position, Share share) {
        StepBuffer buffer = buffers.get(filling);
        return new Ahead(position, share, reader.submit(() -> buffer.fill(position, share)));
    }

    private Batch await(Ahead step) {
        try {
            return step.batch.get(deadline.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            DataPosition at = step.position;
            String place = samples.place(order.sample(at.epoch(), at.sample(), samples.count()));
            throw DataException.stalled(place, deadline.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw DataException.interrupted();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException failure ? failure : new IllegalStateException(e.getCause());
        }
    }

    @Override
    public void close() {
        reader.shutdownNow();
        try {
            if (!reader.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
                return; // Stuck in a read: its memory must stay; the thread is a daemon.
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return;
        }
        samples.close();
        arena.close();
    }
}
