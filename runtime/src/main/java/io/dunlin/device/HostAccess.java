package io.dunlin.device;

import java.lang.foreign.MemorySegment;

/**
 * The contents of a device's memory, for the host: what it reads was computed by all work submitted before, and what it
 * writes is there for all work submitted after. Calls return when they are done, so they belong before and after steps, not
 * into them.
 *
 * <p>Where the host can reach the memory, pieces are the memory itself; else they pass through pinned memory, and one piece
 * is copied while the caller works on the other. One thread uses it, the one that submits to its stream.
 */
public sealed interface HostAccess permits DirectAccess, PiecewiseAccess {
    /** Memory that is the host's own, with no work under way on it. */
    HostAccess HOST = new DirectAccess(() -> {});

    /** Takes contents, piece by piece from the beginning. */
    @FunctionalInterface
    interface Sink<E extends Exception> {
        /** Takes the next piece; it may be overwritten afterwards. */
        void accept(MemorySegment piece) throws E;
    }

    /** Gives contents, piece by piece from the beginning. */
    @FunctionalInterface
    interface Source {
        /**
         * Writes all of the next piece.
         *
         * @param offsetBytes where the piece lies in the whole; a multiple of 4096
         */
        void fill(MemorySegment piece, long offsetBytes);
    }

    /** Memory of {@code device}, in order with the work of {@code stream}. */
    static HostAccess of(Device device, Stream stream) {
        return device.hostReadable() ? new DirectAccess(stream::synchronize) : new PiecewiseAccess(device, stream);
    }

    /** Hands over what is in {@code memory}; nothing if it is empty. */
    <E extends Exception> void read(MemorySegment memory, Sink<E> sink) throws E;

    /** Replaces what is in {@code memory}. */
    void write(MemorySegment memory, Source source);

    /** Copies {@code contents}, memory of the host, to {@code memory}, which is as long. */
    default void write(MemorySegment memory, MemorySegment contents) {
        if (memory.byteSize() != contents.byteSize()) {
            throw new IllegalArgumentException(
                    "a copy of %,d bytes into %,d bytes".formatted(contents.byteSize(), memory.byteSize()));
        }
        write(memory, (piece, offsetBytes) -> piece.copyFrom(contents.asSlice(offsetBytes, piece.byteSize())));
    }

    /** Copies {@code memory} to {@code target}, memory of the host, which is as long. */
    default void read(MemorySegment memory, MemorySegment target) {
        if (memory.byteSize() != target.byteSize()) {
            throw new IllegalArgumentException(
                    "a copy of %,d bytes into %,d bytes".formatted(memory.byteSize(), target.byteSize()));
        }
        long[] at = {0};
        this.<RuntimeException>read(memory, piece -> {
            target.asSlice(at[0], piece.byteSize()).copyFrom(piece);
            at[0] += piece.byteSize();
        });
    }
}
