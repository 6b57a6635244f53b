package io.dunlin.collectives.transport;

/** What a transport knows about a peer; it only moves downwards in this list. */
public enum PeerState {
    /** Not heard of yet. */
    CONNECTING,
    /** Frames go both ways. */
    UP,
    /** It takes no more frames; what it sent before may still come. */
    DEAF,
    /** It takes no more frames, and all that it sent has been handed out. */
    GONE
}
