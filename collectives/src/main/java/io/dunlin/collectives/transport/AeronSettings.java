package io.dunlin.collectives.transport;

import java.nio.file.Path;
import java.util.List;

/**
 * One member's place in a world that is joined by Aeron.
 *
 * @param directory of the media driver that serves this host
 * @param streamId number of this group's streams on every host: no two groups that live at the same time share it
 * @param rank this member
 * @param addresses of all members, by number
 * @param profile of the streams; the same on all members
 */
public record AeronSettings(Path directory, int streamId, int rank, List<RankAddress> addresses, AeronProfile profile) {
    /** Copies the list. */
    public AeronSettings {
        addresses = List.copyOf(addresses);
    }

    /** All members on this host, with the standard profile. */
    public static AeronSettings onOneHost(Path directory, int streamId, int rank, int ranks) {
        return new AeronSettings(directory, streamId, rank, RankAddress.sameHost(ranks), AeronProfile.STANDARD);
    }
}
