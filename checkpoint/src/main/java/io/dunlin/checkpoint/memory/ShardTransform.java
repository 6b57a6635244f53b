package io.dunlin.checkpoint.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.List;
import java.util.Objects;

/**
 * Computes shards of other shards: each byte of an output is a linear combination of the bytes at the same place of the inputs.
 *
 * <p>{@link #apply} takes all inputs at once and is the faster one. {@link #accumulate} adds what one input contributes, in any
 * order and in any pieces, to outputs that were zero at first. Either way a caller may do some bytes now and others later. A
 * shard may end before the others: an input counts as if zeros followed, and of an output only the bytes that it has are
 * written.
 *
 * <p>Shards are native memory of any size, and outputs do not overlap with anything. Nothing is allocated. For one thread at a
 * time.
 */
public final class ShardTransform {
    /** Done of all shards before the next bytes are, so that sums stay in the first cache. */
    static final int STRIDE_BYTES = 4096;

    private static final int ALIGNMENT_BYTES = 64;
    private static final MemorySegment ZEROS =
            Arena.global().allocate(STRIDE_BYTES, ALIGNMENT_BYTES).asReadOnly();

    private final List<Integer> inputs;
    private final List<Integer> outputs;
    private final ShardKernels kernels;
    /** [outputs, inputs]. */
    private final ByteMatrix matrix;
    /** Whether the outputs are P, Q and R of the inputs, or the first of these. */
    private final boolean powerSums;
    /** What is written where an output has ended. */
    private final MemorySegment discarded;

    private final ShardPointers from;
    private final ShardPointers to;

    /**
     * A transform.
     *
     * @param firstParity the number from which on shards are parity
     * @param matrix of as many rows as outputs and as many columns as inputs
     */
    ShardTransform(
            List<Integer> inputs, List<Integer> outputs, int firstParity, ByteMatrix matrix, ShardKernels kernels) {
        this.inputs = List.copyOf(inputs);
        this.outputs = List.copyOf(outputs);
        this.matrix = matrix;
        this.kernels = kernels;
        this.powerSums = matrix.rows() <= ShardKernels.MOST_POWER_SUMS
                && matrix.equals(ByteMatrix.powers(matrix.rows(), matrix.columns()));
        this.discarded = Arena.ofAuto().allocate(STRIDE_BYTES, ALIGNMENT_BYTES);
        this.from = new ShardPointers(this.inputs, firstParity, ZEROS);
        this.to = new ShardPointers(this.outputs, firstParity, discarded);
    }

    /** Numbers of the shards that are read, in the order in which {@link #apply} takes them. */
    public List<Integer> inputs() {
        return inputs;
    }

    /** Numbers of the shards that are written, in their order. */
    public List<Integer> outputs() {
        return outputs;
    }

    /** Computes the outputs to the end of the longest shard. */
    public void apply(List<MemorySegment> inputs, List<MemorySegment> outputs) {
        long longest = 0;
        for (int i = 0; i < inputs.size(); i++) {
            longest = Math.max(longest, inputs.get(i).byteSize());
        }
        for (int i = 0; i < outputs.size(); i++) {
            longest = Math.max(longest, outputs.get(i).byteSize());
        }
        apply(inputs, outputs, 0, longest);
    }

    /**
     * Computes some bytes of the outputs.
     *
     * @param inputs all of them
     * @param offset of the first byte in each shard
     * @param length bytes of each shard
     * @throws IndexOutOfBoundsException if a shard of parity has fewer bytes
     */
    public void apply(List<MemorySegment> inputs, List<MemorySegment> outputs, long offset, long length) {
        long end = Objects.checkFromIndexSize(offset, length, Long.MAX_VALUE) + length;
        from.take(inputs, end);
        takeOutputs(outputs, end);
        long last = Math.min(end, to.longest());
        for (long at = offset; at < last; ) {
            long next = to.firstEnd(at, from.firstEnd(at, Math.min(at + STRIDE_BYTES, last)));
            if (powerSums) {
                kernels.powerSums(from.at(at), to.at(at), 0, (int) (next - at));
            } else {
                kernels.products(matrix, from.at(at), to.at(at), 0, (int) (next - at));
            }
            at = next;
        }
        Reference.reachabilityFence(inputs);
        Reference.reachabilityFence(outputs);
    }

    private void takeOutputs(List<MemorySegment> outputs, long end) {
        to.take(outputs, end);
        for (int i = 0; i < outputs.size(); i++) {
            if (outputs.get(i).isReadOnly()) {
                throw new IllegalArgumentException("an output is read-only: " + outputs.get(i));
            }
        }
    }

    /**
     * Adds what bytes of one input contribute to the outputs.
     *
     * @param input its place among {@link #inputs}
     * @param offset of the bytes in their shard
     */
    public void accumulate(int input, long offset, MemorySegment bytes, List<MemorySegment> outputs) {
        Objects.checkIndex(input, inputs.size());
        long end = Objects.checkFromIndexSize(offset, bytes.byteSize(), Long.MAX_VALUE) + bytes.byteSize();
        long start = ShardPointers.addressOf(bytes) - offset;
        takeOutputs(outputs, end);
        long last = Math.min(end, to.longest());
        for (long at = offset; at < last; ) {
            long next = to.firstEnd(at, Math.min(at + STRIDE_BYTES, last));
            long[] current = to.at(at);
            for (int output = 0; output < current.length; output++) {
                kernels.addProduct(start + at, matrix.at(output, input), current[output], (int) (next - at));
            }
            at = next;
        }
        Reference.reachabilityFence(bytes);
        Reference.reachabilityFence(outputs);
    }

    /**
     * Makes outputs what they are after bytes of one input have changed; addition is its own inverse.
     *
     * @param input its place among {@link #inputs}
     * @param offset of the bytes in their shard
     * @param before what they were
     * @param after what they are; as many
     */
    public void update(int input, long offset, MemorySegment before, MemorySegment after, List<MemorySegment> outputs) {
        if (before.byteSize() != after.byteSize()) {
            throw new IllegalArgumentException("%d bytes became %d".formatted(before.byteSize(), after.byteSize()));
        }
        accumulate(input, offset, before, outputs);
        accumulate(input, offset, after, outputs);
    }
}
