package io.dunlin.collectives.quant;

import io.dunlin.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Turns a run of a tensor into a message and back. One thread uses a codec; it allocates nothing after its construction.
 *
 * <p>Messages are whole: what a decoder needs is in the message. All members of a group use codecs that give messages of the
 * same length and form.
 */
public abstract sealed class Codec permits BlockQuantizer, ErrorFeedback, ExactCodec {
    private final Run run = new Run();
    private final long[] one = new long[1];

    Codec() {}

    /** The length of a message of {@code elements}, to the byte. */
    public abstract long encodedBytes(long elements);

    /** How faithful the messages were. */
    public abstract SignalToNoise signalToNoise();

    /** Makes the message of a run: {@code run.elements} elements into {@link #encodedBytes} bytes. */
    abstract void encode(Run from, long message);

    /** Decodes to F32 or BF16. */
    abstract void decode(long message, Run to);

    /**
     * F32 sums of {@code count} messages, in that order, divided by {@code divisor}.
     *
     * @param divisor 1 for the sum itself
     */
    abstract void sum(long[] messages, int count, float divisor, Run to);

    /** F32 sums: each element plus the message's. */
    abstract void accumulate(long message, Run to);

    /**
     * Encodes a whole tensor.
     *
     * @param source F32 or BF16 elements
     * @param message room for {@link #encodedBytes}
     * @param lane number of a sequence of random numbers: another one for each encoding on each rank, or errors that should
     *     cancel add up
     */
    public final void encode(MemorySegment source, DType dtype, MemorySegment message, long lane) {
        Run from = over(source, dtype).drawnFrom(lane);
        checkRoom(message, from.elements);
        encode(from, message.address());
    }

    /** Decodes a message into as many F32 or BF16 elements as it has. */
    public final void decode(MemorySegment message, MemorySegment target, DType dtype) {
        Run to = over(target, dtype);
        checkRoom(message, to.elements);
        decode(message.address(), to);
    }

    /** Adds the elements of a message to as many F32 elements. */
    public final void accumulate(MemorySegment message, MemorySegment target) {
        Run to = over(target, DType.F32);
        checkRoom(message, to.elements);
        accumulate(message.address(), to);
    }

    /** The F32 sums of the elements of messages, added in the order of the list. */
    public final void sum(List<MemorySegment> messages, MemorySegment target) {
        Run to = over(target, DType.F32);
        long[] addresses = messages.size() == 1 ? one : new long[messages.size()];
        for (int i = 0; i < addresses.length; i++) {
            checkRoom(messages.get(i), to.elements);
            addresses[i] = messages.get(i).address();
        }
        sum(addresses, addresses.length, 1, to);
    }

    private Run over(MemorySegment memory, DType dtype) {
        if (dtype != DType.F32 && dtype != DType.BF16) {
            throw new IllegalArgumentException("F32 and BF16 are encoded, not " + dtype);
        }
        if (!memory.isNative() || memory.byteSize() % dtype.bytes() != 0) {
            throw new IllegalArgumentException("%,d bytes of native memory are no whole number of %s: %s"
                    .formatted(memory.byteSize(), dtype, memory));
        }
        return run.at(memory.address(), dtype).of(0, memory.byteSize() / dtype.bytes());
    }

    private void checkRoom(MemorySegment message, long elements) {
        if (!message.isNative() || message.byteSize() < encodedBytes(elements)) {
            throw new IllegalArgumentException("a message of %,d elements has %,d bytes, not %,d"
                    .formatted(elements, encodedBytes(elements), message.byteSize()));
        }
    }
}
