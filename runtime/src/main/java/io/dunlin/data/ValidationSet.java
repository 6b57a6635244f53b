package io.dunlin.data;

import io.dunlin.tensor.DType;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The first samples of token files, in order, as micro-batches: the same ones at every evaluation and on every number of
 * ranks.
 *
 * <p>Unlike in training, the tokens left over behind the last whole sample count too: they make a shorter one. So a
 * text shorter than the context can still be validated on.
 *
 * <p>Not safe for use by several threads.
 */
public final class ValidationSet implements AutoCloseable {
    private static final int NOTHING = -1;
    private static final int CACHE_LINE = 64;

    private final TokenShards shards;
    private final int context;
    private final int rows;
    private final long samples;
    private final long targets;
    private final Arena arena = Arena.ofShared();
    private final Tensor tokenRows; // [B, T]
    private final Tensor targetRows; // [B, T]

    /**
     * Reads at most {@code batches} micro-batches.
     *
     * @param shards closed by {@link #close}
     * @param context T
     * @param microBatch rows of a micro-batch, B
     * @param batches how many at most
     * @throws DataException DUN-604 if there are not two tokens
     */
    public ValidationSet(TokenShards shards, int context, int microBatch, int batches) {
        this.shards = shards;
        this.context = context;
        this.rows = microBatch;
        long available = 0;
        for (TokenShard shard : shards.shards()) {
            available += samplesIn(shard);
        }
        if (available == 0) {
            throw DataException.tooShort(shards.names(), shards.count(), 1);
        }
        this.samples = Math.min(available, (long) batches * microBatch);
        this.tokenRows = tensor();
        this.targetRows = tensor();
        long sum = 0;
        long left = samples;
        for (TokenShard shard : shards.shards()) {
            sum += left >= samplesIn(shard) ? Math.max(0, shard.count() - 1) : left * context;
            left -= Math.min(left, samplesIn(shard));
        }
        this.targets = sum;
    }

    /** How many micro-batches there are. */
    public int microBatches() {
        return (int) ((samples + rows - 1) / rows);
    }

    /** Targets to predict in all micro-batches together: what the sum of their losses is divided by. */
    public long targets() {
        return targets;
    }

    /** Tokens per sample. */
    public int context() {
        return context;
    }

    /** Rows of a micro-batch. */
    public int microBatch() {
        return rows;
    }

    /**
     * One micro-batch; its tensors are overwritten by the next call. Rows behind the last sample have nothing to
     * predict.
     */
    public MicroBatch microBatch(int index) {
        if (index < 0 || index >= microBatches()) {
            throw new IllegalArgumentException("micro-batch %d of %d".formatted(index, microBatches()));
        }
        long rowBytes = (long) context * Integer.BYTES;
        for (int row = 0; row < rows; row++) {
            MemorySegment tokens = tokenRows.segment().asSlice(row * rowBytes, rowBytes);
            MemorySegment target = targetRows.segment().asSlice(row * rowBytes, rowBytes);
            int filled = read((long) index * rows + row, tokens, target);
            for (int i = filled; i < context; i++) {
                tokens.setAtIndex(ValueLayout.JAVA_INT, i, 0);
                target.setAtIndex(ValueLayout.JAVA_INT, i, NOTHING);
            }
        }
        return new MicroBatch(index, tokenRows, targetRows);
    }

    /** Writes sample {@code sample} and returns how many targets it has. */
    private int read(long sample, MemorySegment tokens, MemorySegment target) {
        if (sample >= samples) {
            return 0;
        }
        long number = sample;
        for (TokenShard shard : shards.shards()) {
            if (number < samplesIn(shard)) {
                long first = number * context;
                int length = (int) Math.min(context, shard.count() - 1 - first);
                shard.read(first, length, tokens, shards.vocabulary());
                shard.read(first + 1, length, target, shards.vocabulary());
                return length;
            }
            number -= samplesIn(shard);
        }
        throw new IllegalStateException("sample %d of %d".formatted(sample, samples));
    }

    private long samplesIn(TokenShard shard) {
        return TokenShards.samplesOf(shard.count() + context - 1, context);
    }

    private Tensor tensor() {
        Shape shape = Shape.of(rows, context);
        return Tensor.of(DType.I32, shape, arena.allocate(shape.elements() * Integer.BYTES, CACHE_LINE));
    }

    @Override
    public void close() {
        shards.close();
        arena.close();
    }
}
