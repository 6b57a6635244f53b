package io.dunlin.collectives.wire;

/**
 * Eight bytes beside every frame: kind (8 bits), generation (24), operation (32).
 *
 * <p>With it a receiver drops what an earlier generation sent, and notices a frame of another operation than the one it is
 * at, without spending room in the payload.
 */
public final class FrameTag {
    /** Data lane: an {@link OperationHeader}, then the first bytes of the flow. */
    public static final int OPEN = 1;
    /** Data lane: further bytes of the flow. */
    public static final int MORE = 2;
    /** Control lane: who I am, and the wish for a welcome. */
    public static final int HELLO = 3;
    /** Control lane: where I am, and the wish to hear the same. */
    public static final int STATUS_REQUEST = 4;
    /** Control lane: where I am. */
    public static final int STATUS = 5;
    /** Control lane: give up, for this reason. */
    public static final int ABORT = 6;
    /** Control lane: my time, and the wish to hear yours. */
    public static final int CLOCK_REQUEST = 7;
    /** Control lane: the time asked with, and mine. */
    public static final int CLOCK_REPLY = 8;
    /** Control lane: your greeting has come, and who I am. */
    public static final int WELCOME = 9;

    private static final int GENERATION_MASK = 0xFFFFFF;

    private FrameTag() {}

    /** Packs. */
    public static long of(int kind, int generation, long operation) {
        return ((long) kind << 56) | ((long) (generation & GENERATION_MASK) << 32) | (operation & 0xFFFFFFFFL);
    }

    /** What the frame is. */
    public static int kind(long tag) {
        return (int) (tag >>> 56);
    }

    /** Whether the frame belongs to {@code generation}. */
    public static boolean isOf(long tag, int generation) {
        return ((int) (tag >>> 32) & GENERATION_MASK) == (generation & GENERATION_MASK);
    }

    /** The operation's full number, given one that is less than 2^31 away from it. */
    public static long operation(long tag, long near) {
        return near + ((int) tag - (int) near);
    }
}
