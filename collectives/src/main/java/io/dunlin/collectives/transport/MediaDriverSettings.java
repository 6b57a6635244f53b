package io.dunlin.collectives.transport;

import java.nio.file.Path;

/**
 * The media driver of one host.
 *
 * @param directory that the driver makes, and deletes in the end; on a tmpfs, not shared with another run
 * @param ranksHere on this host
 * @param ranks in the world
 * @param profile the same as the ranks'
 */
public record MediaDriverSettings(Path directory, int ranksHere, int ranks, AeronProfile profile) {
    /** For a world that is all on this host, with the standard profile. */
    public static MediaDriverSettings onOneHost(Path directory, int ranks) {
        return new MediaDriverSettings(directory, ranks, ranks, AeronProfile.STANDARD);
    }
}
