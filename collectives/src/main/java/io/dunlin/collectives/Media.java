package io.dunlin.collectives;

import java.util.Optional;

/** What joins the members of a group: a key of the table of algorithms. */
public enum Media {
    /** Queues in one JVM. */
    LOOPBACK("loopback"),
    /** Segments that the ranks of one host map. */
    SHARED_MEMORY("shared-memory"),
    /** Log buffers of one media driver. */
    IPC("ipc"),
    /** The network, a rank for each host. */
    UDP("udp"),
    /** The network between hosts, something faster between the ranks of one. */
    MIXED("mixed");

    private static final Media[] ALL = values();

    private final String label;

    Media(String label) {
        this.label = label;
    }

    /** The word for people and files. */
    public String label() {
        return label;
    }

    /** The one with this label. */
    public static Optional<Media> labelled(String label) {
        for (Media media : ALL) {
            if (media.label.equals(label)) {
                return Optional.of(media);
            }
        }
        return Optional.empty();
    }

    /** What joins the ranks of one host. */
    public Media insideHost() {
        return this == UDP || this == MIXED ? IPC : this;
    }

    /** What joins ranks of different hosts, or of different packages where all are on one. */
    public Media acrossHosts() {
        return switch (this) {
            case LOOPBACK -> LOOPBACK;
            case IPC, SHARED_MEMORY -> IPC;
            case UDP, MIXED -> UDP;
        };
    }
}
