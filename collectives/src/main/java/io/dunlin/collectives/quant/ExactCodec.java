package io.dunlin.collectives.quant;

import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.wire.FloatSum;
import io.dunlin.collectives.wire.RawMemory;
import io.dunlin.collectives.wire.Reduction;
import io.dunlin.tensor.DType;

/** Loses nothing: a message is its elements in F32. For comparing, and for groups whose links need no relief. */
public final class ExactCodec extends Codec {
    private final BlockKernels kernels = BlockKernels.of(Byte.SIZE);
    private final Reduction reduction = Reduction.of(DType.F32, ReduceOp.SUM);
    private final SignalToNoise signalToNoise = new SignalToNoise();

    /** Makes one. */
    public ExactCodec() {}

    @Override
    public long encodedBytes(long elements) {
        return elements * Float.BYTES;
    }

    @Override
    public SignalToNoise signalToNoise() {
        return signalToNoise;
    }

    @Override
    void encode(Run from, long message) {
        if (from.dtype == DType.F32) {
            RawMemory.copy(from.address, message, encodedBytes(from.elements));
            return;
        }
        for (long at = 0; at < from.elements; at += BlockFormat.MOST_BLOCK_ELEMENTS) {
            kernels.widen(from.address + at * Short.BYTES, message + at * Float.BYTES, count(from, at));
        }
    }

    @Override
    void decode(long message, Run to) {
        if (to.dtype == DType.F32) {
            RawMemory.copy(message, to.address, encodedBytes(to.elements));
            return;
        }
        for (long at = 0; at < to.elements; at += BlockFormat.MOST_BLOCK_ELEMENTS) {
            kernels.narrow(message + at * Float.BYTES, to.address + at * Short.BYTES, count(to, at));
        }
    }

    @Override
    void sum(long[] messages, int count, float divisor, Run to) {
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
        FloatSum.add(to.address, message, to.address, to.elements);
    }

    private static int count(Run run, long at) {
        return (int) Math.min(BlockFormat.MOST_BLOCK_ELEMENTS, run.elements - at);
    }
}
