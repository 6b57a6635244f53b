package io.dunlin.collectives.transport;

/** Takes frames as they come. */
@FunctionalInterface
public interface FrameHandler {
    /**
     * A frame, in the transport's own memory, which is valid during the call only.
     *
     * @param peer member that sent it
     * @param tag the eight bytes given to {@link Transport#commit}
     * @param address of the payload, a multiple of 32
     * @param lengthBytes of the payload
     * @return whether the frame was taken; if not, it and all behind it are offered again by a later poll
     */
    boolean onFrame(int peer, long tag, long address, int lengthBytes);
}
