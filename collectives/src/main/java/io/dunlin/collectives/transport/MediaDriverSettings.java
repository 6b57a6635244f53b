package io.dunlin.collectives.transport;

import java.nio.file.Path;

/**
 * The media driver of one host.
 *
 * @param directory that the driver makes, and deletes in the end; on a tmpfs, not shared with another run
 * @param ranksHere on this host
 * @param ranks in the world
 * @param profile the same as the ranks'
 * @param datagramLoss share of datagrams, data and control alike, that is thrown away on arrival: for tests
 */
public record MediaDriverSettings(Path directory, int ranksHere, int ranks, AeronProfile profile, double datagramLoss) {
    /** Checks the range. */
    public MediaDriverSettings {
        if (!(datagramLoss >= 0 && datagramLoss < 1)) {
            throw new IllegalArgumentException("a share from 0 to below 1, not " + datagramLoss);
        }
    }

    /** A driver that loses nothing itself. */
    public MediaDriverSettings(Path directory, int ranksHere, int ranks, AeronProfile profile) {
        this(directory, ranksHere, ranks, profile, 0);
    }

    /** For a world that is all on this host, with the standard profile. */
    public static MediaDriverSettings onOneHost(Path directory, int ranks) {
        return new MediaDriverSettings(directory, ranks, ranks, AeronProfile.STANDARD);
    }

    /** This, losing a share of all datagrams. */
    public MediaDriverSettings withDatagramLoss(double share) {
        return new MediaDriverSettings(directory, ranksHere, ranks, profile, share);
    }
}
