package io.dunlin.collectives.quant;

import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.wire.FloatSum;
import io.dunlin.collectives.wire.RawMemory;
import io.dunlin.collectives.wire.Reduction;
import io.dunlin.tensor.DType;

/**
 * Loses nothing: a message is its elements in F32, or in BF16 where the tensor is. For comparing, and for groups whose
 * links need no relief.
 */
public final class ExactCodec extends Codec {
    private final BlockKernels kernels = BlockKernels.of(Byte.SIZE);
    private final Reduction reduction = Reduction.of(DType.F32, ReduceOp.SUM);
    private final SignalToNoise signalToNoise = new SignalToNoise();
    private final DType form;

    /** Messages in F32. */
    public ExactCodec() {
        this(DType.F32);
    }

    /**
     * Messages in the type of the tensor.
     *
     * @param form F32, or BF16 for tensors that are and are not summed up
     */
    public ExactCodec(DType form) {
        if (form != DType.F32 && form != DType.BF16) {
            throw new IllegalArgumentException("F32 and BF16 are encoded, not " + form);
        }
        this.form = form;
    }

    @Override
    public long encodedBytes(long elements) {
        return elements * form.bytes();
    }

    private void requireForm(DType needed) {
        if (form != needed) {
            throw new IllegalArgumentException("messages are in %s, not in %s".formatted(form, needed));
        }
    }

    @Override
    public SignalToNoise signalToNoise() {
        return signalToNoise;
    }

    @Override
    void encode(Run from, long message) {
        if (from.dtype == form) {
            RawMemory.copy(from.address, message, encodedBytes(from.elements));
            return;
        }
        requireForm(DType.F32);
        for (long at = 0; at < from.elements; at += BlockFormat.MOST_BLOCK_ELEMENTS) {
            kernels.widen(from.address + at * Short.BYTES, message + at * Float.BYTES, count(from, at));
        }
    }

    @Override
    void decode(long message, Run to) {
        if (to.dtype == form) {
            RawMemory.copy(message, to.address, encodedBytes(to.elements));
            return;
        }
        requireForm(DType.F32);
        for (long at = 0; at < to.elements; at += BlockFormat.MOST_BLOCK_ELEMENTS) {
            kernels.narrow(message + at * Float.BYTES, to.address + at * Short.BYTES, count(to, at));
        }
    }

    @Override
    void sum(long[] messages, int count, float divisor, Run to) {
        requireForm(DType.F32);
        reduction.fold(to.address, messages, count, to.elements);
        if (divisor == 1) {
            return;
        }
        for (long at = 0; at < to.elements; at += BlockFormat.MOST_BLOCK_ELEMENTS) {
            kernels.divide(to.address + at * Float.BYTES, divisor, count(to, at));
        }
    }

    @Override
    void accumulate(long message, Run to) {
        requireForm(DType.F32);
        FloatSum.add(to.address, message, to.address, to.elements);
    }

    private static int count(Run run, long at) {
        return (int) Math.min(BlockFormat.MOST_BLOCK_ELEMENTS, run.elements - at);
    }
}
