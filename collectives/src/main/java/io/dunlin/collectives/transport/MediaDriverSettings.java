package io.dunlin.collectives.transport;

import java.nio.file.Path;
import java.util.function.DoubleSupplier;

/**
 * The media driver of one host.
 *
 * @param directory that the driver makes, and deletes in the end; on a tmpfs, not shared with another run
 * @param ranksHere on this host
 * @param ranks in the world
 * @param profile the same as the ranks'
 * @param datagramLoss share of datagrams, data and control alike, that is thrown away on arrival at a moment, 0 to 1: for
 *     tests
 */
public record MediaDriverSettings(
        Path directory, int ranksHere, int ranks, AeronProfile profile, DoubleSupplier datagramLoss) {
    static final DoubleSupplier NO_LOSS = () -> 0;

    /** A driver that loses nothing itself. */
    public MediaDriverSettings(Path directory, int ranksHere, int ranks, AeronProfile profile) {
        this(directory, ranksHere, ranks, profile, NO_LOSS);
    }

    /** For a world that is all on this host, with the standard profile. */
    public static MediaDriverSettings onOneHost(Path directory, int ranks) {
        return new MediaDriverSettings(directory, ranks, ranks, AeronProfile.STANDARD);
    }

    /** This, losing a share of all datagrams; 1 is a network that is gone. Asked for each datagram, by the driver's thread. */
    public MediaDriverSettings withDatagramLoss(DoubleSupplier share) {
        return new MediaDriverSettings(directory, ranksHere, ranks, profile, share);
    }
}
