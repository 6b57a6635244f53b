package io.dunlin.collectives.transport;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;

/**
 * One lane from one member to another: a ring of bytes with one writer and one reader.
 *
 * <p>A frame is a 64-byte header (length, tag, time of arrival), then the payload, padded to 64 bytes. A length of -1 says
 * that the next frame is at the start of the ring. The ring is made by the writer, with the first frame.
 */
final class LoopbackStream {
    private static final int HEADER_BYTES = 64;
    private static final int TAG_OFFSET = 8;
    private static final int DUE_OFFSET = 16;
    private static final int WRAP = -1;
    private static final VarHandle HEAD = handle("head");
    private static final VarHandle TAIL = handle("tail");
    private static final VarHandle RETRANSMISSIONS = handle("retransmissions");

    private final long capacity;
    private final LongSupplier clockNs;
    private final RandomGenerator random;

    private volatile LinkShape shape;
    private volatile long head; // bytes ever read; written by the reader
    private volatile long tail; // bytes ever committed; written by the writer

    private MemorySegment ring = MemorySegment.NULL; // the reader looks at it after the tail
    private long base;
    private long claimed; // writer's: where the claimed frame starts
    private int claimedBytes;
    private long knownHead;
    private long freeAtNs;
    private long lastDueNs;
    private long retransmissions; // ever; read by both sides

    LoopbackStream(int capacityBytes, LinkShape shape, LongSupplier clockNs, RandomGenerator random) {
        this.capacity = capacityBytes;
        this.shape = shape;
        this.clockNs = clockNs;
        this.random = random;
        this.freeAtNs = Long.MIN_VALUE;
        this.lastDueNs = Long.MIN_VALUE;
    }

    private static VarHandle handle(String field) {
        try {
            return MethodHandles.lookup().findVarHandle(LoopbackStream.class, field, long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    void shape(LinkShape shape) {
        this.shape = shape;
    }

    /** A quarter of the ring, so that a claim never needs more room than there can be. */
    int frameBytes() {
        return (int) Math.min(capacity / 4, 32_768) - HEADER_BYTES;
    }

    long tryClaim(int lengthBytes) {
        if (base == 0) {
            ring = Arena.ofAuto().allocate(capacity, 64);
            base = ring.address();
        }
        long frameBytes = HEADER_BYTES + ((lengthBytes + 63L) & -64L);
        long at = (long) TAIL.getOpaque(this);
        long offset = at % capacity;
        long skipped = offset + frameBytes > capacity ? capacity - offset : 0;
        if (at + skipped + frameBytes - knownHead > capacity) {
            knownHead = (long) HEAD.getAcquire(this);
            if (at + skipped + frameBytes - knownHead > capacity) {
                return Transport.NO_ROOM;
            }
        }
        if (skipped > 0) {
            ring.set(ValueLayout.JAVA_INT, offset, WRAP);
        }
        claimed = at + skipped;
        claimedBytes = lengthBytes;
        return base + claimed % capacity + HEADER_BYTES;
    }

    void commit(long tag) {
        long offset = claimed % capacity;
        ring.set(ValueLayout.JAVA_INT, offset, claimedBytes);
        ring.set(ValueLayout.JAVA_LONG, offset + TAG_OFFSET, tag);
        ring.set(ValueLayout.JAVA_LONG, offset + DUE_OFFSET, dueNs());
        TAIL.setRelease(this, claimed + HEADER_BYTES + ((claimedBytes + 63L) & -64L));
    }

    private long dueNs() {
        LinkShape link = shape;
        if (!link.timed()) {
            return lastDueNs;
        }
        long startNs = Math.max(clockNs.getAsLong(), freeAtNs);
        freeAtNs = startNs
                + (link.bytesPerSecond() == Long.MAX_VALUE ? 0 : (long) (claimedBytes * 1e9 / link.bytesPerSecond()));
        long dueNs = freeAtNs + link.latencyNs() + (link.jitterNs() == 0 ? 0 : random.nextLong(link.jitterNs() + 1));
        while (link.lossRate() > 0 && random.nextDouble() < link.lossRate()) {
            dueNs += link.retransmitNs();
            RETRANSMISSIONS.setOpaque(this, retransmissions + 1);
        }
        lastDueNs = Math.max(lastDueNs, dueNs);
        return lastDueNs;
    }

    int poll(int peer, FrameHandler handler, int limitFrames) {
        long at = (long) HEAD.getOpaque(this);
        long end = (long) TAIL.getAcquire(this);
        int frames = 0;
        while (frames < limitFrames && at < end) {
            long offset = at % capacity;
            int lengthBytes = ring.get(ValueLayout.JAVA_INT, offset);
            if (lengthBytes == WRAP) {
                at += capacity - offset;
                continue;
            }
            long dueNs = ring.get(ValueLayout.JAVA_LONG, offset + DUE_OFFSET);
            if (dueNs != Long.MIN_VALUE && dueNs > clockNs.getAsLong()) {
                break;
            }
            long tag = ring.get(ValueLayout.JAVA_LONG, offset + TAG_OFFSET);
            if (!handler.onFrame(peer, tag, base + offset + HEADER_BYTES, lengthBytes)) {
                break;
            }
            at += HEADER_BYTES + ((lengthBytes + 63L) & -64L);
            frames++;
        }
        HEAD.setRelease(this, at);
        return frames;
    }

    /** How many frames were lost and sent again. */
    long retransmissions() {
        return (long) RETRANSMISSIONS.getOpaque(this);
    }

    /** Whether all that was committed has been taken. */
    boolean drained() {
        return head == tail;
    }
}
