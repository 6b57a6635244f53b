package io.dunlin.device;

import java.lang.foreign.MemorySegment;

/** Memory that the host does not reach: it is copied through two pieces of pinned memory in turns. */
final class PiecewiseAccess implements HostAccess {
    static final long PIECE_BYTES = 4L << 20;

    private final Device device;
    private final Stream stream;
    /** Two pieces; empty until the first use, because a run may never need them. */
    private MemorySegment pinned = MemorySegment.NULL;

    PiecewiseAccess(Device device, Stream stream) {
        this.device = device;
        this.stream = stream;
    }

    @Override
    public <E extends Exception> void read(MemorySegment memory, Sink<E> sink) throws E {
        long lengthBytes = memory.byteSize();
        if (lengthBytes == 0) {
            return;
        }
        Event copied = download(memory, 0);
        for (long at = 0; at < lengthBytes; at += PIECE_BYTES) {
            Event next = at + PIECE_BYTES < lengthBytes ? download(memory, at + PIECE_BYTES) : copied;
            copied.synchronize();
            sink.accept(piece(at, lengthBytes));
            copied = next;
        }
    }

    private Event download(MemorySegment memory, long at) {
        MemorySegment piece = piece(at, memory.byteSize());
        stream.download(memory.asSlice(at, piece.byteSize()), piece);
        return stream.record();
    }

    @Override
    public void write(MemorySegment memory, Source source) {
        long lengthBytes = memory.byteSize();
        Event before = stream.record(); // of the piece before the last
        Event last = before;
        for (long at = 0; at < lengthBytes; at += PIECE_BYTES) {
            MemorySegment piece = piece(at, lengthBytes);
            before.synchronize();
            source.fill(piece, at);
            stream.upload(piece, memory.asSlice(at, piece.byteSize()));
            before = last;
            last = stream.record();
        }
        last.synchronize();
    }

    /** Where what lies at {@code at} passes. */
    private MemorySegment piece(long at, long lengthBytes) {
        if (pinned.byteSize() == 0) {
            pinned = device.allocateHost("copies for the host", 2 * PIECE_BYTES);
        }
        long first = at / PIECE_BYTES % 2 * PIECE_BYTES;
        return pinned.asSlice(first, Math.min(PIECE_BYTES, lengthBytes - at));
    }
}
