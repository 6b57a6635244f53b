package io.dunlin.collectives.transport;

/**
 * What a transport knows about a peer: first {@code CONNECTING}, then {@code UP}, from there to {@code DEAF} or {@code SILENT}
 * and perhaps back, and {@code GONE} for ever.
 */
public enum PeerState {
    /** Not heard of yet. */
    CONNECTING,
    /** Frames go both ways. */
    UP,
    /** It takes no more frames; what it sent before may still come. It may listen again. */
    DEAF,
    /** Nothing was heard of its host for so long that its streams were given up here. They may go on. */
    SILENT,
    /** All that it sent has been handed out and no more will come, or frames of it were lost. */
    GONE;

    /** Whether frames to it arrive; none is sent while it is {@code CONNECTING}. */
    public boolean listens() {
        return this == CONNECTING || this == UP;
    }

    /** Whether frames of it may still come. */
    public boolean speaks() {
        return listens() || this == DEAF;
    }
}
