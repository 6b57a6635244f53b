package io.dunlin.collectives.quant;

import io.dunlin.collectives.wire.FloatSum;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;

/**
 * A quantiser that remembers what it lost and adds it the next time (LoCo): with x the tensor and e what is carried, x + e
 * is encoded, and e becomes {@code beta * e + (1 - beta) * (x + e - decoded)}.
 *
 * <p>What is carried starts at zero. It belongs to one tensor of one rank and is part of a checkpoint: {@link #state}. A
 * block that has an element that is not finite starts again at zero.
 */
public final class ErrorFeedback extends Codec {
    /** The average over about five steps that LoCo uses. */
    public static final float BETA = 0.8f;

    private final BlockQuantizer quantizer;
    private final float beta;
    private final MemorySegment state;
    private final MemorySegment scratch;
    private final long corrected;
    private final long decoded;

    /**
     * Makes one.
     *
     * @param beta how much of e is kept, 0 to below 1; with 0 the whole loss is carried once
     * @param elements of the tensor
     * @param arena holds the state
     */
    public ErrorFeedback(BlockQuantizer quantizer, float beta, long elements, Arena arena) {
        this(quantizer, beta, arena.allocate(elements * Float.BYTES, 64), arena);
    }

    /**
     * Makes one that goes on with what another has carried.
     *
     * @param state F32, of the tensor
     */
    public ErrorFeedback(BlockQuantizer quantizer, float beta, MemorySegment state, SegmentAllocator scratchMemory) {
        if (!(beta >= 0 && beta < 1)) {
            throw new IllegalArgumentException("beta is at least 0 and below 1, not " + beta);
        }
        this.quantizer = quantizer;
        this.beta = beta;
        this.state = state;
        long blockBytes = (long) quantizer.format().blockElements() * Float.BYTES;
        this.scratch = scratchMemory.allocate(2 * blockBytes, 64);
        this.corrected = scratch.address();
        this.decoded = corrected + blockBytes;
    }

    /** What is carried, F32: to be saved, and overwritten when restored. */
    public MemorySegment state() {
        return state;
    }

    /** Forgets what is carried. */
    public void reset() {
        state.fill((byte) 0);
    }

    @Override
    public long encodedBytes(long elements) {
        return quantizer.encodedBytes(elements);
    }

    @Override
    public SignalToNoise signalToNoise() {
        return quantizer.signalToNoise();
    }

    @Override
    void encode(Run from, long message) {
        if ((from.firstElement + from.elements) * Float.BYTES > state.byteSize()) {
            throw new IllegalArgumentException("elements %,d to %,d of a tensor of %,d"
                    .formatted(from.firstElement, from.firstElement + from.elements, state.byteSize() / Float.BYTES));
        }
        BlockFormat format = quantizer.format();
        format.writeHeader(message, from.elements);
        long blocks = format.blocks(from.elements);
        for (long block = 0; block < blocks; block++) {
            int count = quantizer.count(from, block);
            long error = state.address() + (from.firstElement + block * format.blockElements()) * Float.BYTES;
            FloatSum.add(quantizer.floatsOf(from, block), error, corrected, count);
            if (quantizer.encodeBlock(from, block, corrected, message)) {
                quantizer.decodeBlock(message, from, block, decoded);
                quantizer.kernels().carry(error, beta, corrected, decoded, count);
            } else {
                state.asSlice(error - state.address(), (long) count * Float.BYTES)
                        .fill((byte) 0);
            }
        }
    }

    @Override
    void decode(long message, Run to) {
        quantizer.decode(message, to);
    }

    @Override
    void sum(long[] messages, int count, float divisor, Run to) {
        quantizer.sum(messages, count, divisor, to);
    }

    @Override
    void accumulate(long message, Run to) {
        quantizer.accumulate(message, to);
    }
}
