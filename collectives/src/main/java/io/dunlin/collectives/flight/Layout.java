package io.dunlin.collectives.flight;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * What is where in a flight file; little-endian.
 *
 * <pre>
 * head | section of a group: head, ranks, links, operations | section | ...
 * </pre>
 *
 * <p>A slot for an operation starts with a stamp: {@code 2 n + 1} while operation {@code n} is being entered into it,
 * {@code 2 n + 2} from then on. Fields that change later are single words.
 */
final class Layout {
    static final long MAGIC = 0x5448_474C_464C_4E44L; // "DNLFLGHT"
    static final int VERSION = 2;
    static final int NOBODY = -1;
    static final long UNKNOWN_ERROR = -1;

    // head of the file
    static final int FILE_MAGIC = 0;
    static final int FILE_VERSION = 8;
    static final int FILE_RANK = 12;
    static final int FILE_RANKS = 16;
    static final int FILE_GROUPS = 20;
    static final int FILE_OPERATIONS = 24;
    static final int FILE_PID = 32;
    static final int FILE_ANCHOR = 40; // monotonic
    static final int FILE_ANCHOR_EPOCH = 48; // the same moment since 1970
    static final int FILE_CLOCK_STAMP = 56; // odd while offset and error change
    static final int FILE_CLOCK_OFFSET = 64;
    static final int FILE_CLOCK_ERROR = 72;
    static final int FILE_ITERATION = 80;
    static final int FILE_UNRECORDED = 88; // groups that found no section
    static final int FILE_GENERATION = 96;
    static final int FILE_HOST = 104;
    static final int HOST_BYTES = 128;
    static final int FILE_HEAD_BYTES = 4096;

    // head of a section
    static final int GROUP_STAMP = 0; // odd while a group moves in
    static final int GROUP_STATE = 8;
    static final int GROUP_SIZE = 12;
    static final int GROUP_MEMBER = 16;
    static final int GROUP_GENERATION = 20;
    static final int GROUP_SUBMITTED = 24;
    static final int GROUP_ENTERED = 32;
    static final int GROUP_PROGRESS = 40;
    static final int GROUP_ALIVE = 48;
    static final int GROUP_OPENING = 56;
    static final int GROUP_NAME = 64;
    static final int GROUP_NAME_BYTES = 64;
    static final int GROUP_FAILURE = 128;
    static final int GROUP_FAILURE_BYTES = 384;
    static final int GROUP_HEAD_BYTES = 512;

    // a link, from and to one member
    static final int LINK_SENT_BYTES = 0;
    static final int LINK_SENT_FRAMES = 8;
    static final int LINK_SENT_STALL = 16;
    static final int LINK_SENT_STALL_MAX = 24;
    static final int LINK_REFUSED_SINCE = 32; // 0 if not
    static final int LINK_RECEIVED_BYTES = 40;
    static final int LINK_RECEIVED_FRAMES = 48;
    static final int LINK_RECEIVED_STALL = 56;
    static final int LINK_RECEIVED_STALL_MAX = 64;
    static final int LINK_STARVED_SINCE = 72; // 0 if not
    static final int LINK_BUSY = 80; // between first and last frame of a flow
    static final int LINK_BUSY_MAX = 88;
    static final int LINK_LOSSES = 96;
    static final int LINK_SENDING_SINCE = 104; // first message; 0 if there is none
    static final int LINK_RECEIVING_SINCE = 112;
    static final int LINK_BYTES = 128;

    // an operation
    static final int OPERATION_STAMP = 0;
    static final int OPERATION_KIND = 8; // 4 bytes: kind, dtype, op, algorithm
    static final int OPERATION_STATE = 12;
    static final int OPERATION_GROUP = 16; // number of the section
    static final int OPERATION_GENERATION = 20;
    static final int OPERATION_LENGTH = 24;
    static final int OPERATION_DETAIL = 32;
    static final int OPERATION_ITERATION = 40;
    static final int OPERATION_READY = 48;
    static final int OPERATION_ENTER = 56;
    static final int OPERATION_FIRST_RECEIVED = 64;
    static final int OPERATION_LAST_RECEIVED = 72;
    static final int OPERATION_LAST_SENT = 80;
    static final int OPERATION_DONE = 88;
    static final int OPERATION_SENT = 96;
    static final int OPERATION_RECEIVED = 104;
    static final int OPERATION_SEND_STALL = 112;
    static final int OPERATION_RECEIVE_STALL = 120;
    static final int OPERATION_EXPOSED = 128;
    static final int OPERATION_PREVIOUS = 136;
    static final int OPERATION_NEXT = 140;
    static final int OPERATION_LOSSES = 144;
    static final int OPERATION_BYTES = 192;

    private static final VarHandle LONG =
            ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();
    private static final VarHandle INT =
            ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();

    private final int members;
    private final int operations;

    /**
     * A layout.
     *
     * @param members that the largest group may have
     * @param operations kept for each group
     */
    Layout(int members, int operations) {
        this.members = members;
        this.operations = operations;
    }

    private long rankListBytes() {
        return (members * 4L + 63) & -64;
    }

    long sectionBytes() {
        return GROUP_HEAD_BYTES + rankListBytes() + (long) members * LINK_BYTES + (long) operations * OPERATION_BYTES;
    }

    long fileBytes(int groups) {
        return FILE_HEAD_BYTES + groups * sectionBytes();
    }

    long section(int group) {
        return FILE_HEAD_BYTES + group * sectionBytes();
    }

    static long rank(long section, int member) {
        return section + GROUP_HEAD_BYTES + 4L * member;
    }

    long link(long section, int member) {
        return section + GROUP_HEAD_BYTES + rankListBytes() + (long) member * LINK_BYTES;
    }

    long operation(long section, long number) {
        return link(section, members) + (number % operations) * OPERATION_BYTES;
    }

    static long getLong(MemorySegment file, long offset) {
        return (long) LONG.getAcquire(file, offset);
    }

    static int getInt(MemorySegment file, long offset) {
        return (int) INT.getAcquire(file, offset);
    }

    static void putLong(MemorySegment file, long offset, long value) {
        LONG.setRelease(file, offset, value);
    }

    static void putInt(MemorySegment file, long offset, int value) {
        INT.setRelease(file, offset, value);
    }

    /** Makes the stamp at {@code offset} odd before what follows may be seen. */
    static void beginWriting(MemorySegment file, long offset, long odd) {
        LONG.setOpaque(file, offset, odd);
        VarHandle.storeStoreFence();
    }

    /** Whether the stamp is still the same, and all that was read since it was belongs to it. */
    static boolean unchanged(MemorySegment file, long offset, long stamp) {
        VarHandle.loadLoadFence();
        return (long) LONG.getOpaque(file, offset) == stamp;
    }

    /** Writes a text, cut to {@code room} bytes, with its length before it. */
    static void putText(MemorySegment file, long offset, int room, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int length = Math.min(bytes.length, room - Integer.BYTES);
        while (length < bytes.length && length > 0 && (bytes[length] & 0xC0) == 0x80) {
            length--; // not in the middle of a character
        }
        MemorySegment.copy(bytes, 0, file, ValueLayout.JAVA_BYTE, offset + Integer.BYTES, length);
        putInt(file, offset, length);
    }

    static String getText(MemorySegment file, long offset, int room) {
        int length = Math.clamp(getInt(file, offset), 0, room - Integer.BYTES);
        byte[] bytes = new byte[length];
        MemorySegment.copy(file, ValueLayout.JAVA_BYTE, offset + Integer.BYTES, bytes, 0, length);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
