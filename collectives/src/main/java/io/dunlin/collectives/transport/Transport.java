package io.dunlin.collectives.transport;

import io.dunlin.collectives.Media;

/**
 * One member's ordered, reliable streams to and from every other member of its group.
 *
 * <p>All methods belong to one thread and return at once. Frames on one lane from one member arrive complete, once, in the
 * order of their commits; nothing is promised between lanes or members. A full stream refuses claims until the receiver
 * has polled. Nothing is allocated once all peers are up and each has been sent to.
 */
public interface Transport extends AutoCloseable {
    /** What {@link #tryClaim} returns where there is no room now. */
    long NO_ROOM = 0;

    /** This member's number. */
    int rank();

    /** How many members. */
    int size();

    /** The longest payload of a frame to {@code peer}; at least 512 bytes, a multiple of 64. */
    int frameBytes(int peer, Lane lane);

    /**
     * Claims room for the next frame to {@code peer}; a claim is followed by {@link #commit}, at once.
     *
     * @param lengthBytes 0 to {@link #frameBytes}
     * @return address where the payload is to be written, a multiple of 32, or {@link #NO_ROOM}
     */
    long tryClaim(int peer, Lane lane, int lengthBytes);

    /** Sends the claimed frame, with eight bytes beside the payload. */
    void commit(long tag);

    /**
     * Hands out frames of one stream that have arrived.
     *
     * @return frames taken
     */
    int poll(int peer, Lane lane, FrameHandler handler, int limitFrames);

    /**
     * Keeps connections alive and notices changes; to be called many times a second, also when nothing moves.
     *
     * @throws io.dunlin.collectives.CollectiveException if this member's own side has failed
     */
    void maintain(long nowNs);

    /** What is known about a peer; {@link PeerState#GONE} comes after its last frame, or the last before some were lost. */
    PeerState state(int peer);

    /** Whether a peer is a process of this host, which the system can be asked about. */
    boolean sharesHost(int peer);

    /** Memory of the peers on this host, if they have agreed to share it; else {@link PeerMemory#NONE}. */
    PeerMemory peerMemory();

    /** What joins the members; the same answer on all of them. */
    Media media();

    /** How many frames to or from a peer were missed and sent again so far, as far as the transport can tell. */
    default long losses(int peer) {
        return 0;
    }

    /** How the transport reaches a peer, for messages: {@code aeron:udp 10.0.0.3:40456}. */
    String route(int peer);

    /** Leaves: peers find this member deaf, then gone. */
    @Override
    void close();
}
